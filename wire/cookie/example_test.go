package cookie_test

import (
	"fmt"
	"time"

	"wiretape/wire/cookie"
)

func Example() {
	var jar cookie.Jar
	now := time.Date(2026, time.January, 15, 12, 0, 0, 0, time.UTC)
	login := cookie.NewOrigin(true, "shop.example.com:8443", "/login?next=/cart")
	for _, set := range []string{"id=7; Domain=.example.com", "__Host-sid=x; Path=/api", "a=1; SameSite=None"} {
		fmt.Println(jar.Set(login, []byte(set), now))
	}
	fmt.Printf("Cookie: %s\n", jar.Header(cookie.NewOrigin(false, "www.example.com", "/"), now))
	// Output:
	// cookie id stored
	// cookie __Host-sid rejected: __Host- needs Secure and Path=/ (6265bis 5.7 step 21); has Path=/api, no Secure. curl rejects it too. Go stores it
	// cookie a rejected: SameSite=None needs Secure (6265bis 5.7 step 19); has no Secure. curl stores it. Go stores it
	// Cookie: id=7
}
