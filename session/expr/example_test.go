package expr_test

import (
	"encoding/json"
	"fmt"

	"wiretape/session/expr"
)

func Example() {
	e, err := expr.Parse(`status == 200 && cookie.sid.http_only && header.content-type =~ "json"`)
	if err != nil {
		fmt.Println(err)
		return
	}
	var reply any
	json.Unmarshal([]byte(`{"status":200,"headers":[["Content-Type","text/html"]],"cookies":[{"name":"sid","http_only":false}]}`), &reply)
	r := e.Eval(reply)
	fmt.Println(r.OK)
	for _, c := range r.Failed {
		fmt.Println(c)
	}
	// Output:
	// false
	// cookie.sid.http_only: cookie.sid.http_only is false
	// header.content-type =~ "json": header.content-type is "text/html"
}
