package main

import (
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"wiretape/session/analyze"
)

// otherTools tell facts of a server as curl, openssl s_client, nghttp and testssl.sh
// do.
type otherTools struct {
	t  *testing.T
	ca string
}

// run runs a tool, which may well fail: what it prints is what it found.
func (o *otherTools) run(name string, args ...string) string {
	cmd := exec.CommandContext(o.t.Context(), name, args...)
	cmd.WaitDelay = 5 * time.Second
	out, _ := cmd.CombinedOutput()
	return string(out)
}

func (o *otherTools) curl(args ...string) string {
	return o.run("curl", append([]string{"-sS", "-o", "/dev/null", "--max-time", "5", "--cacert", o.ca}, args...)...)
}

func (o *otherTools) sClient(host string, args ...string) string {
	return o.run("openssl", append([]string{"s_client", "-connect", host, "-servername", "localhost", "-CAfile", o.ca, "-verify_hostname", "localhost"}, args...)...)
}

// first returns the first group of a match, "none" for no match.
func first(re, text string) string {
	if m := regexp.MustCompile(re).FindStringSubmatch(text); m != nil {
		return strings.TrimSpace(m[1])
	}
	return "none"
}

func yesIf(is bool) string {
	if is {
		return "yes"
	}
	return "no"
}

// A fact is what two say of the same.
type fact struct{ name, by, ours, theirs string }

// httpFacts compares what the responses tell.
func (o *otherTools) httpFacts(r *analyze.Report, url string) []fact {
	last := r.Hops[len(r.Hops)-1]
	got := strings.Fields(o.curl("--http1.1", "-L", "--max-redirs", "20", "-c", "/dev/null", "-w", "%{http_code} %{url_effective} %{num_redirects}", url))
	facts := []fact{
		{"status", "curl", fmt.Sprint(last.Status), got[0]},
		{"final URL", "curl", r.FinalURL, got[1]},
		{"redirects", "curl", fmt.Sprint(len(r.Hops) - 1), got[2]},
		{"password", "curl", string(r.Password.Verdict), yesIf(got[0] == "401")},
	}
	heads := o.curl("--http1.1", "-L", "-D", "-", url)
	var ours, theirs []string
	for _, c := range r.Cookies {
		ours = append(ours, string(c.Name))
	}
	for _, m := range regexp.MustCompile(`(?im)^set-cookie: ([^=;\r]*)`).FindAllStringSubmatch(heads, -1) {
		theirs = append(theirs, m[1])
	}
	facts = append(facts, fact{"cookies", "curl", strings.Join(ours, " "), strings.Join(theirs, " ")})
	challenge := "none"
	if c := r.Password.Challenges; len(c) > 0 {
		challenge = string(c[0].Scheme) + " " + string(c[0].Realm)
	}
	scheme := first(`(?im)^www-authenticate: (\S+)`, heads)
	realm := strings.ReplaceAll(first(`(?im)^www-authenticate: .*?realm="((?:\\.|[^"])*)"`, heads), `\"`, `"`)
	if scheme != "none" {
		scheme += " " + realm
	}
	facts = append(facts, fact{"challenge", "curl", strings.TrimSpace(challenge), scheme})
	for _, f := range r.Server {
		if f.Name == "Server" {
			facts = append(facts, fact{"server", "curl", string(f.Value), first(`(?im)^server: (.*)\r`, heads)})
		}
	}
	if r.Auth != nil && challenge != "none" {
		code := o.curl("--http1.1", "--anyauth", "-u", "u:p", "-w", "%{http_code}", url)
		facts = append(facts, fact{"u:p gets through", "curl", string(r.Auth.Verdict), yesIf(code != "401")})
	}
	return facts
}

// clearFacts compares what there is of HTTP/2 without TLS.
func (o *otherTools) clearFacts(r *analyze.Report, url string) []fact {
	prior := o.curl("--http2-prior-knowledge", "-w", "%{http_version}", url)
	upgrade := o.curl("--http2", "-w", "%{http_version}", url)
	nghttp := o.run("nghttp", "-nv", "--timeout=3", url)
	return []fact{
		{"h2c", "curl", verdictOf(r, "h2c"), yesIf(strings.HasSuffix(prior, "2"))},
		{"h2c", "nghttp", verdictOf(r, "h2c"), yesIf(strings.Contains(nghttp, "recv SETTINGS frame"))},
		{"h2c upgrade", "curl", verdictOf(r, "h2c upgrade"), yesIf(strings.HasSuffix(upgrade, "2"))},
	}
}

func verdictOf(r *analyze.Report, protocol string) string {
	for _, p := range r.Protocols {
		if p.Name == protocol {
			return string(p.Verdict)
		}
	}
	return "none"
}

// tlsFacts compares what the handshake tells.
func (o *otherTools) tlsFacts(r *analyze.Report, url, host string) []fact {
	both := o.sClient(host, "-alpn", "h2,http/1.1")
	nghttp := o.run("nghttp", "-nv", "--timeout=3", url)
	cert := o.run("bash", "-c", `openssl s_client -connect "$0" -servername localhost </dev/null 2>/dev/null | openssl x509 -noout -subject -issuer -enddate -ext subjectAltName -text`, host)
	end, _ := time.Parse("Jan _2 15:04:05 2006 MST", first(`notAfter=(.*)`, cert))
	names := first(`(?s)Subject Alternative Name:\s*\n\s*([^\n]*)`, cert)
	names = strings.NewReplacer("DNS:", "", "IP Address:", "", ",", "").Replace(names)
	distinguished := func(key string) string {
		return strings.ReplaceAll(first(`(?m)^`+key+`=(.*)`, cert), " = ", "=")
	}
	verify := "ok"
	if v := first(`Verify return code: \d+ \((.*)\)`, both); v != "ok" {
		verify = "not " + v
	}
	facts := []fact{
		{"h2 by ALPN", "s_client", string(r.HTTP2.Verdict), yesIf(strings.Contains(both, "ALPN protocol: h2"))},
		{"h2 spoken", "nghttp", string(r.HTTP2.Verdict), yesIf(strings.Contains(nghttp, "recv SETTINGS frame"))},
		{"h2 spoken", "curl", string(r.HTTP2.Verdict), yesIf(o.curl("--http2", "-w", "%{http_version}", url) == "2")},
		{"tls version", "s_client", "TLSv" + r.TLS.Version, first(`New, (TLSv[\d.]+)`, both)},
		{"verify", "s_client", r.TLS.Verify, verify},
		{"subject", "x509", r.TLS.Subject, distinguished("subject")},
		{"issuer", "x509", r.TLS.Issuer, distinguished("issuer")},
		{"until", "x509", r.TLS.NotAfter, end.Format(time.RFC3339)},
		{"names", "x509", strings.Join(r.TLS.Names, " "), names},
		{"key", "x509", r.TLS.Key, "ECDSA " + first(`NIST CURVE: (P-\d+)`, cert)},
		{"signature", "x509", r.TLS.Signature, strings.ToUpper(strings.Replace(first(`Signature Algorithm: (\S+)`, cert), "ecdsa-with-", "ECDSA-", 1))},
	}
	options := map[string]string{"1.0": "-tls1", "1.1": "-tls1_1", "1.2": "-tls1_2", "1.3": "-tls1_3"}
	for _, v := range r.TLS.Versions {
		got := o.sClient(host, options[v.Version], "-cipher", "ALL:@SECLEVEL=0")
		facts = append(facts, fact{"takes TLS " + v.Version, "s_client", string(v.Verdict), yesIf(first(`New, (TLSv[\d.]+|SSLv3), Cipher is ([^(\s]+)`, got) != "none")})
	}
	return append(facts, o.testsslFacts(r, host)...)
}

// testsslFacts compares what testssl.sh finds, which takes a minute for a server:
// where WIRETAPE_TESTSSL is set, and as far as it comes in two.
func (o *otherTools) testsslFacts(r *analyze.Report, host string) []fact {
	if os.Getenv("WIRETAPE_TESTSSL") == "" {
		return nil
	}
	needTool(o.t, "testssl", "testssl.sh")
	file := filepath.Join(o.t.TempDir(), "testssl.json")
	o.run("timeout", "120", "testssl", "--openssl", "/usr/bin/openssl", "--warnings", "off", "--quiet", "--ip", "127.0.0.1", "--nodns", "none", "-p", "-S", "--add-ca", o.ca, "--jsonfile", file, host)
	var found []struct{ ID, Finding string }
	if b, err := os.ReadFile(file); err != nil || json.Unmarshal(b, &found) != nil {
		o.t.Errorf("testssl.sh at %s: %v\n%s", host, err, b)
	}
	said := map[string]string{}
	alpn := []string{}
	for _, f := range found {
		said[f.ID] = f.Finding
		if strings.HasPrefix(f.ID, "ALPN") {
			alpn = append(alpn, f.Finding)
		}
	}
	facts := []fact{{"h2 by ALPN", "testssl", string(r.HTTP2.Verdict), yesIf(slices.Contains(alpn, "h2"))}}
	add := func(name, ours, id string, read func(string) string) {
		if s, ok := said[id]; ok {
			facts = append(facts, fact{name, "testssl", ours, read(s)})
		}
	}
	for _, v := range r.TLS.Versions {
		add("takes TLS "+v.Version, string(v.Verdict), map[string]string{"1.0": "TLS1", "1.1": "TLS1_1", "1.2": "TLS1_2", "1.3": "TLS1_3"}[v.Version],
			func(s string) string { return yesIf(strings.HasPrefix(s, "offered")) })
	}
	same := func(s string) string { return s }
	add("signature", r.TLS.Signature, "cert_signatureAlgorithm", func(s string) string { return strings.Replace(s, " with ", "-", 1) })
	add("key", r.TLS.Key, "cert_keySize", func(s string) string { return "ECDSA P-" + first(`EC (\d+) bits`, s) })
	add("subject", strings.TrimPrefix(r.TLS.Subject, "CN="), "cert_commonName", same)
	add("names", strings.Join(r.TLS.Names, " "), "cert_subjectAltName", same)
	add("certificates", fmt.Sprint(r.TLS.Sent), "cert_numbers", same)
	add("staple", map[bool]string{true: "offered", false: "not offered"}[r.TLS.OCSP], "OCSP_stapling", same)
	return facts
}

// Each fact that other tools state of a server as well agrees.
func TestAutoAgreesWithOtherTools(t *testing.T) {
	b := realServers(t, "nginx", "apache", "lighttpd", "haproxy", "nghttpx")
	needTool(t, "curl", "curl")
	needTool(t, "nghttp", "nghttp2-client")
	o := &otherTools{t, filepath.Join(b, "ca.pem")}
	dir := t.TempDir()
	sites := []struct{ server, url string }{
		{"nginx", "http://localhost:28080/cookie"},
		{"nginx", "http://localhost:28080/redir"},
		{"nginx", "https://localhost:28443/cookie"},
		{"nginx", "https://localhost:28443/private"},
		{"apache", "http://localhost:28081/"},
		{"apache", "http://localhost:28081/private/"},
		{"apache", "https://localhost:28444/"},
		{"apache", "https://localhost:28444/private/"},
		{"lighttpd", "http://localhost:28082/"},
		{"haproxy", "http://localhost:28083/deny"},
		{"haproxy", "https://localhost:28445/ok"},
		{"nghttpx", "https://localhost:28446/cookie"},
		{"http.server", "http://localhost:" + pythonServer(t) + "/"},
		{"password server", "http://" + passwordServer(t, dir) + "/"},
	}
	args := []string{"auto", "--full", "--json", "--nameserver", "none", "--auth", "u:p", "--cacert", o.ca}
	for _, s := range sites {
		args = append(args, s.url)
	}
	stdout, stderr, status := wiretape(t, dir, "", args...)
	if status != 0 {
		t.Fatalf("auto: status %d\n%s", status, stderr)
	}
	var reports []analyze.Report
	if err := json.Unmarshal([]byte(stdout), &reports); err != nil || len(reports) != len(sites) {
		t.Fatalf("%d reports, %v\n%s", len(reports), err, stdout)
	}
	var table strings.Builder
	agree, all := 0, 0
	shaken := map[string]bool{} // hosts of which the handshake was compared
	for i, s := range sites {
		r := &reports[i]
		if len(r.Hops) == 0 {
			t.Errorf("%s: no response: %s", s.url, r.Error)
			continue
		}
		facts := o.httpFacts(r, s.url)
		host, secure := strings.CutPrefix(s.url, "https://")
		if host, _, _ = strings.Cut(host, "/"); secure && !shaken[host] {
			shaken[host] = true
			facts = append(facts, o.tlsFacts(r, s.url, host)...)
		} else if !secure {
			facts = append(facts, o.clearFacts(r, s.url)...)
		}
		fmt.Fprintf(&table, "%s %s\n", s.server, s.url)
		for _, f := range facts {
			mark := "="
			if all++; f.ours == f.theirs {
				agree++
			} else {
				mark = "DIFFERS"
				t.Errorf("%s: %s is %q, and %q by %s", s.url, f.name, f.ours, f.theirs, f.by)
			}
			fmt.Fprintf(&table, "  %-17s %-9s %-8s %s | %s\n", f.name, f.by, mark, f.ours, f.theirs)
		}
	}
	t.Logf("marks: %d of %d facts about %d sites of 7 servers agree with curl, openssl, nghttp and, where it runs, testssl.sh\n%s", agree, all, len(sites), table.String())
	if !slices.ContainsFunc(reports, func(r analyze.Report) bool { return r.Auth != nil && r.Auth.Scheme == "Digest" }) {
		t.Error("nobody wanted Digest")
	}
}

// A server that knows of NPN alone, which came before ALPN, has no HTTP/2.
func TestAutoOfNPNAlone(t *testing.T) {
	openssl := needTool(t, "openssl", "openssl")
	dir := t.TempDir()
	output(t, "", openssl, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", filepath.Join(dir, "k"), "-out", filepath.Join(dir, "c"),
		"-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1")
	port := freePort(t, "tcp", "127.0.0.1")
	startServer(t, exec.Command(openssl, "s_server", "-quiet", "-www", "-tls1_2", "-nextprotoneg", "h2,http/1.1", "-accept", "127.0.0.1:"+port, "-cert", filepath.Join(dir, "c"), "-key", filepath.Join(dir, "k")), "127.0.0.1:"+port)
	stdout, stderr, status := wiretape(t, dir, "", "auto", "--json", "--cacert", "c", "https://127.0.0.1:"+port+"/")
	var r analyze.Report
	if err := json.Unmarshal([]byte(stdout), &r); err != nil || status != 0 {
		t.Fatalf("status %d, %v, %s", status, err, stderr)
	}
	if r.HTTP2.Verdict != analyze.No || !strings.HasSuffix(r.HTTP2.Evidence, "selected no protocol of h2, http/1.1") || r.Status != 200 {
		t.Errorf("http2 %+v, status %d", r.HTTP2, r.Status)
	}
}

// pythonServer starts a plain http.server over an empty folder.
func pythonServer(t *testing.T) (port string) {
	t.Helper()
	python := needTool(t, "python3", "python3")
	port = freePort(t, "tcp", "127.0.0.1")
	cmd := exec.Command(python, "-m", "http.server", "--bind", "127.0.0.1", "-d", t.TempDir(), port)
	startServer(t, cmd, "127.0.0.1:"+port)
	return port
}

// passwordServer starts the practice password server and returns its address.
func passwordServer(t *testing.T, dir string) string {
	t.Helper()
	addr := "127.0.0.1:" + freePort(t, "tcp", "127.0.0.1")
	cmd := exec.Command("wiretape", "demo", "--password-server", "-l", addr)
	cmd.Env = terminalEnv(dir)
	startServer(t, cmd, addr)
	return addr
}

// startServer runs a server until the test ends, and waits until it listens.
func startServer(t *testing.T, cmd *exec.Cmd, addr string) {
	t.Helper()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
	if !eventually(func() bool {
		c, err := net.Dial("tcp", addr)
		if err == nil {
			c.Close()
		}
		return err == nil
	}) {
		t.Fatalf("%q does not listen at %s", cmd.Args, addr)
	}
}
