package why

// alerts are by their number (RFC 8446, section 6).
var alerts = map[string]text{
	"0":   {"the side that sends it will say no more", "", ""},
	"10":  {"a message that is not due", "plain text or another protocol within TLS, or two versions at odds", ""},
	"20":  {"a record that does not decrypt", "octets changed or lost on the way", ""},
	"22":  {"a record that is too long", "plain text where TLS was expected", "open in place of tls"},
	"40":  {"no way to agree", "no common suite or version, no SNI, or a client certificate is due", "--tls-max 1.2; --servername HOST; --cert"},
	"42":  {"the certificate is broken", "", ".cert"},
	"43":  {"a kind of certificate that is not supported", "a key or a signature the other side does not know", ".cert"},
	"44":  {"the certificate was revoked", "", ""},
	"45":  {"the certificate has expired", "a certificate, or a clock", ".cert"},
	"46":  {"something is wrong with the certificate", "", ".cert"},
	"47":  {"a value that may not be", "a broken peer, or something in between", ""},
	"48":  {"the authority is not known", "a chain without its intermediate, or a private authority", "--cacert FILE; .cert shows what was sent"},
	"49":  {"a good certificate, and no access", "the client certificate is not on the list", ""},
	"50":  {"a message that cannot be read", "plain text where TLS was expected", ""},
	"51":  {"a signature or a key exchange that does not check", "the wrong key to a certificate", ""},
	"70":  {"the version is known and not allowed", "TLS 1.0 or 1.1 alone on one side", "--tls-min 1.0, or --tls-max"},
	"71":  {"suites stronger than those offered are wanted", "", ""},
	"80":  {"a fault that has nothing to do with us", "a server without a certificate for that name, or out of memory", "--servername; its log"},
	"86":  {"a retry with a lower version where a higher one would do", "", ""},
	"90":  {"the user gave up", "", ""},
	"100": {"no renegotiation", "", ""},
	"109": {"an extension is missing", "SNI, mostly", "--servername HOST"},
	"110": {"an extension that was not offered", "", ""},
	"112": {"no server of that name here", "SNI", "--servername with a name of the certificate: .cert"},
	"113": {"the stapled OCSP response is no good", "", ""},
	"115": {"the pre-shared key is not known", "", ""},
	"116": {"a client certificate is due", "", "--cert FILE --key FILE"},
	"120": {"the server has no protocol of your ALPN list", "h2 offered alone to a server of HTTP/1.1, or a server with a list of its own", "--alpn http/1.1, or none; .alpn"},
	"121": {"encrypted client hello is required", "", ""},
}

// conditions are what becomes of connections.
var conditions = map[string]text{
	"RST":          {"that side gave the connection up at once; what it had not read is lost", "the program died or closed with octets unread, nothing listens there any more, or a firewall", "its log; the same without pipelining; a smaller body"},
	"timeout":      {"nothing came in time", "a firewall that drops, a server that waits for the rest of the request, or a slow one", ".show raw: is the blank line there? .timeout 60s"},
	"close_notify": {"the connection was cut without TLS's own end: nobody can tell whether all came", "a server that skips it, or somebody between who cuts", "whether a length or a last chunk says that it is whole"},
}

// A failure is what an error's text has in it.
type failure struct {
	has               string
	means, cause, try string
}

// failures are in order: the first that fits explains.
var failures = []failure{
	{"connection refused", "the host is there, and nothing listens on that port", "the server is down, another port, or it listens on another address (127.0.0.1, ::1)", "ss -ltn on that host; both address families: -4, -6"},
	{"no such host", "the name has no address", "a typing error, or a name that only an internal name server knows", ".dns NAME; --resolve HOST:PORT:ADDRESS"},
	{"no route to host", "no way there", "a firewall that says so, or the host is off", ""},
	{"network is unreachable", "this machine has no way to that network", "no IPv6 here, no VPN", "-4"},
	{"i/o timeout", "nobody answered", "a firewall that drops, or the host is off", "another port of it; -w 30"},
	{"deadline exceeded", "nobody answered in time", "a firewall that drops, or the host is off", "-w 30"},
	{"connection reset", "the peer gave the connection up at once", "TLS to a plain port or the other way, a server that died, a firewall", "open in place of tls, or tls in place of open"},
	{"broken pipe", "the peer had closed before all was written", "it answered early, and closed: its answer says why", ".show"},
	{"certificate has expired", "its time is over, or the clock here is wrong", "", ".cert; date"},
	{"not yet valid", "its time has not begun, or the clock here is wrong", "", ".cert; date"},
	{"unknown authority", "nobody whom this machine trusts has signed it", "self-signed, a private authority, or an intermediate that the server does not send", ".cert; --cacert FILE; -k goes on without"},
	{"self-signed", "it has signed itself", "a test server", "--cacert FILE; -k goes on without"},
	{"is valid for", "the certificate is for other names", "an address in place of a name, or the wrong virtual host", "--servername NAME; .cert lists its names"},
	{"first bytes are not TLS", "the server speaks plain text on this port", "", "open in place of tls; .starttls"},
	{"no application protocol", "no protocol of the ALPN list is spoken there", "", "--alpn http/1.1, or none"},
	{"protocol version", "no common version of TLS", "", "--tls-min 1.0"},
	{"handshake failure", "no common suite, or something is missing that the server demands", "", "--tls-max 1.2; --servername; --cert"},
	{"address already in use", "somebody listens there already", "", "another port; ss -ltnp"},
	{"permission denied", "not allowed", "a port below 1024, or the rights of a socket's file", ""},
	{"no such file", "no such socket", "the server is down, or its path", ""},
}

var rcodes = map[string]text{
	"NOERROR":   {"all is well; without answers there is the name, and nothing of that type", "", "another type: A, AAAA, HTTPS, MX"},
	"FORMERR":   {"the server could not read the question", "EDNS to an old server", "+noedns"},
	"SERVFAIL":  {"the server failed to find out", "DNSSEC that does not check, or name servers that do not answer", "another @SERVER; the zone's own name servers"},
	"NXDOMAIN":  {"there is no such name, of any type", "a typing error, a search domain that was not added, a negative answer from a cache", "the name with a dot at its end"},
	"NOTIMP":    {"the server does not do this", "", ""},
	"REFUSED":   {"the server will not answer you", "it serves its own zones alone, or not your address", "another @SERVER"},
	"YXDOMAIN":  {"a name is there that should not be", "", ""},
	"NOTAUTH":   {"the server is not for that zone, or the signature is no good", "", ""},
	"NOTZONE":   {"the name is not in that zone", "", ""},
	"BADVERS":   {"an EDNS version that it does not know", "", "+noedns"},
	"BADCOOKIE": {"a DNS cookie that is missing or wrong", "", ""},
}

var redisErrors = map[string]text{
	"ERR":         {"the command failed", "an unknown command, a wrong number of arguments, or a value of the wrong form", "the text behind it; COMMAND DOCS"},
	"WRONGTYPE":   {"the key holds another type of value", "", "TYPE key"},
	"NOAUTH":      {"log in first", "requirepass, or an ACL", "AUTH [user] password"},
	"WRONGPASS":   {"wrong user or password, or the user is switched off", "", ""},
	"NOPERM":      {"this user may not do that", "an ACL", "ACL WHOAMI"},
	"MOVED":       {"the slot is on another node of the cluster, which is named", "", "open that node"},
	"ASK":         {"the slot is being moved: ask there this once", "", "ASKING, at that node"},
	"CLUSTERDOWN": {"the cluster is not whole", "", "CLUSTER INFO"},
	"CROSSSLOT":   {"keys of two slots in one command", "", "the same {tag} in all keys"},
	"LOADING":     {"it loads its data", "a start", "later"},
	"BUSY":        {"a script runs", "", "SCRIPT KILL"},
	"BUSYKEY":     {"the key is there already", "", "REPLACE"},
	"OOM":         {"memory is used up", "maxmemory", ""},
	"READONLY":    {"a replica takes no writes", "", "the primary: INFO replication"},
	"MISCONF":     {"it cannot save to disk, and so takes no writes", "", "its log"},
	"NOSCRIPT":    {"no script of that hash", "", "EVAL"},
	"EXECABORT":   {"the transaction was dropped: one of its commands was wrong", "", ""},
	"NOPROTO":     {"that version of RESP is not spoken", "HELLO 3 to an old server", "HELLO 2"},
	"DENIED":      {"protected mode: only from this machine", "no password is set, and it was reached from outside", ""},
}
