package analyze_test

import (
	"fmt"
	"strings"
	"time"

	"wiretape/session/analyze"
	"wiretape/tape"
	"wiretape/wire"
)

func ExampleAnalyze() {
	r := tape.NewReader(strings.NewReader(`wiretape 1
= open tcp www.example.com:443
= tls 1.3 alpn=h2 offer=h2,http/1.1 verify=ok
> PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n
>x 00 00 00 04 00 00 00 00 00
<x 00 00 00 04 00 00 00 00 00
= close
2= open tcp www.example.com:443
2= tls 1.3 alpn=http/1.1 offer=http/1.1 verify=ok
2> GET / HTTP/1.1\r\n
2> Host: www.example.com\r\n
2> \r\n
2< HTTP/1.1 401 Unauthorized\r\n
2< Set-Cookie: sid=1; Domain=.example.com\r\n
2< WWW-Authenticate: Basic realm="Protected"\r\n
2< Content-Length: 0\r\n
2< \r\n
2= close
`), "example.tape")
	report := analyze.Analyze(func(yield func(wire.Event) bool) {
		for e, err := range r.Events() {
			if err != nil || !yield(e) {
				return
			}
		}
	}, time.Date(2026, time.November, 23, 10, 0, 0, 0, time.UTC))
	fmt.Println(report.URL)
	fmt.Println(report.HTTP2.Verdict, report.HTTP2.Evidence)
	fmt.Println(report.Cookies[0].Name, report.Cookies[0].Domain, report.Cookies[0].Verdict)
	fmt.Println(report.Password.Kind, report.Password.Challenges)
	// Output:
	// https://www.example.com/
	// yes www.example.com:443 selected h2 and sent SETTINGS
	// sid example.com store
	// http-auth [{Basic Protected}]
}
