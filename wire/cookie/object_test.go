package cookie

import (
	"encoding/json"
	"testing"
)

// Scripts read these names and forms, so each is held to the letter.
func TestJSON(t *testing.T) {
	for _, row := range []struct {
		from      Origin
		set, want string
	}{
		{https, "a=1; Path=/",
			`{"name":"a","value":"1","domain":"","host_only":true,"path":"/","expires":"","effective_expires":"","max_age":null,"secure":false,"http_only":false,"same_site":"","partitioned":false,"stored":true,"verdict":"store","reason":"","rule":""}`},
		{https, "a=1; Domain=.Example.com; Expires=Fri, 01-Jan-2038 00:00:00 GMT; Secure; HttpOnly; SameSite=lax; Partitioned",
			`{"name":"a","value":"1","domain":"example.com","host_only":false,"path":"/dir","expires":"Fri, 01-Jan-2038 00:00:00 GMT","effective_expires":"2027-02-19T12:00:00Z","max_age":null,"secure":true,"http_only":true,"same_site":"Lax","partitioned":true,"stored":true,"verdict":"store","reason":"","rule":""}`},
		{https, "__Host-sid=7f3ac9; Path=/api; HttpOnly",
			`{"name":"__Host-sid","value":"7f3ac9","domain":"","host_only":true,"path":"/api","expires":"","effective_expires":"","max_age":null,"secure":false,"http_only":true,"same_site":"","partitioned":false,"stored":false,"verdict":"reject","reason":"__Host- needs Secure and Path=/; has Path=/api, no Secure","rule":"6265bis 5.7 step 21"}`},
		{https, "a=<&>\xff; Max-Age=-7",
			`{"name":"a","value":{"base64":"PCY+/w=="},"domain":"","host_only":true,"path":"/dir","expires":"","effective_expires":"1601-01-01T00:00:00Z","max_age":-7,"secure":false,"http_only":false,"same_site":"","partitioned":false,"stored":false,"verdict":"expire","reason":"deletes cookie: Max-Age=-7","rule":"6265bis 5.7 step 6"}`},
	} {
		got, err := json.Marshal(Judge(row.from, []byte(row.set), now).Object())
		if err != nil || string(got) != row.want {
			t.Errorf("%q:\n got %s, %v\nwant %s", row.set, got, err, row.want)
		}
	}
}
