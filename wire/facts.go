package wire

import (
	"crypto/tls"
	"fmt"
	"time"
)

// Facts is what is known of a connection when it stands.
type Facts struct {
	Network string // "tcp", "udp", "unix"
	Role    Role
	Target  string    // as asked for: host:port, or a path
	Proto   string    // what its scheme says is spoken, as Target.Proto, where the port does not say so; "raw" for octets of no protocol
	Local   string    // our address
	Remote  string    // the peer's address, or the proxy's
	Via     string    // the proxy in between, "socks5 127.0.0.1:1080"; "" for none
	Start   time.Time // wall clock at which dialling began; zero when not known
	Phases  Phases
}

// Phases are the times that the parts of opening a connection took; zero for a
// part that did not happen.
type Phases struct {
	DNS     time.Duration
	Connect time.Duration // to the proxy where there is one
	Proxy   time.Duration // until the proxy had its connection
}

// TLS is what is known of a TLS connection when its handshake is over.
type TLS struct {
	Version      uint16      // as in crypto/tls: tls.VersionTLS13, …
	CipherSuite  uint16      // IANA number
	Group        tls.CurveID // key exchange group; 0 when there was none
	ALPN         string      // the protocol selected; "" for none
	Offered      []string    // the ALPN list that the client sent
	ServerName   string      // SNI as sent, "" for none
	Resumed      bool
	Certificates [][]byte      // the peer's chain as sent, DER, leaf first
	Verify       string        // "ok", or why the chain or name did not verify; "" when we asked for no certificate
	Asked        bool          // the server asked for a certificate of the client's, which it may or may not insist on
	OCSP         bool          // an OCSP response was stapled; nobody has verified it
	SCTs         int           // signed certificate timestamps in the handshake, beside those in certificates
	Took         time.Duration // from the first byte of the handshake to its end
}

// VersionName returns "1.3" for tls.VersionTLS13 and so on.
func (t *TLS) VersionName() string {
	switch t.Version {
	case tls.VersionTLS10:
		return "1.0"
	case tls.VersionTLS11:
		return "1.1"
	case tls.VersionTLS12:
		return "1.2"
	case tls.VersionTLS13:
		return "1.3"
	}
	return fmt.Sprintf("0x%04x", t.Version)
}

// Verified reports whether the peer's certificate was checked and found good.
func (t *TLS) Verified() bool { return t != nil && t.Verify == "ok" }

// Alert is a TLS alert description (RFC 8446, section 6).
type Alert uint8

// alertNames are the names of RFC 8446, section 6, and of its registry.
var alertNames = map[Alert]string{
	0: "close_notify", 10: "unexpected_message", 20: "bad_record_mac",
	21: "decryption_failed", 22: "record_overflow", 30: "decompression_failure",
	40: "handshake_failure", 41: "no_certificate", 42: "bad_certificate",
	43: "unsupported_certificate", 44: "certificate_revoked",
	45: "certificate_expired", 46: "certificate_unknown", 47: "illegal_parameter",
	48: "unknown_ca", 49: "access_denied", 50: "decode_error", 51: "decrypt_error",
	60: "export_restriction", 70: "protocol_version", 71: "insufficient_security",
	80: "internal_error", 86: "inappropriate_fallback", 90: "user_canceled",
	100: "no_renegotiation", 109: "missing_extension", 110: "unsupported_extension",
	111: "certificate_unobtainable", 112: "unrecognized_name",
	113: "bad_certificate_status_response", 114: "bad_certificate_hash_value",
	115: "unknown_psk_identity", 116: "certificate_required",
	120: "no_application_protocol", 121: "ech_required",
}

// String returns the registered name, or "alert_N".
func (a Alert) String() string {
	if s, ok := alertNames[a]; ok {
		return s
	}
	return fmt.Sprintf("alert_%d", uint8(a))
}
