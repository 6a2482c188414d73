package main

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"wiretape/wire"
)

// dialFlags are the flags of every command that connects.
type dialFlags struct {
	alpn         string
	serverName   string
	noServerName bool
	caFile       string
	certFile     string
	keyFile      string
	tlsMin       string
	tlsMax       string
	keyLog       string
	ciphers      string
	resolve      []string
	connectTo    []string
	proxy        string
	insecure     bool
	only4, only6 bool
	wait         seconds

	flags  *pflag.FlagSet
	closer io.Closer // the key log
}

func (d *dialFlags) register(fs *pflag.FlagSet) {
	d.flags = fs
	fs.StringVar(&d.alpn, "alpn", "", "ALPN `LIST` to offer, by commas; empty for none")
	fs.StringVar(&d.serverName, "servername", "", "send `NAME` as SNI, and verify the certificate for it")
	fs.BoolVar(&d.noServerName, "noservername", false, "send no SNI")
	fs.StringVar(&d.caFile, "cacert", "", "trust the authorities in `FILE` (PEM) instead of the system's")
	fs.StringVar(&d.certFile, "cert", "", "our certificate `FILE` (PEM)")
	fs.StringVar(&d.keyFile, "key", "", "its key `FILE` (PEM); the certificate's file unless given")
	fs.StringVar(&d.tlsMin, "tls-min", "", "lowest TLS `VERSION`: 1.0, 1.1, 1.2 or 1.3")
	fs.StringVar(&d.tlsMax, "tls-max", "", "highest TLS `VERSION`")
	fs.StringVar(&d.keyLog, "keylog", "", "append TLS secrets to `FILE` (else to $SSLKEYLOGFILE)")
	fs.StringVar(&d.ciphers, "ciphers", "", "offer these suites up to TLS 1.2: a `LIST` of IANA or OpenSSL names, by commas or colons")
	fs.StringArrayVar(&d.resolve, "resolve", nil, "take `HOST:PORT:ADDR[,ADDR]` for granted; * is every host; may be repeated")
	fs.StringArrayVar(&d.connectTo, "connect-to", nil, "connect to HOST2:PORT2 for HOST1:PORT1, by `HOST1:PORT1:HOST2:PORT2`, each of which may be empty")
	fs.StringVar(&d.proxy, "proxy", "", "connect through `URL`: socks5, socks5h, socks4, socks4a or http, ://[user:password@]host[:port]; no variable of the environment is looked at")
	fs.BoolVarP(&d.insecure, "insecure", "k", false, "go on when a certificate does not verify")
	fs.BoolVarP(&d.only4, "ipv4", "4", false, "IPv4 only")
	fs.BoolVarP(&d.only6, "ipv6", "6", false, "IPv6 only")
	fs.VarP(&d.wait, "wait", "w", "give up connecting, or an idle connection, after `SECONDS`")
}

// maxALPN is how long the encoded list may be: what its length field holds (RFC
// 7301, section 3.1).
const maxALPN = 1<<16 - 3

// lend sets the flags of another command, which has registered them too, as
// these were set.
func (d *dialFlags) lend(fs *pflag.FlagSet) (err error) {
	shared := pflag.NewFlagSet("", pflag.ContinueOnError)
	new(dialFlags).register(shared)
	shared.VisitAll(func(f *pflag.Flag) {
		if own := d.flags.Lookup(f.Name); own.Changed && err == nil {
			err = fs.Set(f.Name, own.Value.String())
		}
	})
	return err
}

// dialer returns what the flags ask for. The caller calls close afterwards.
func (d *dialFlags) dialer() (wire.Dialer, error) {
	o := &wire.TLSOptions{ServerName: d.serverName, NoServerName: d.noServerName, Insecure: d.insecure}
	dialer := wire.Dialer{Timeout: time.Duration(d.wait), TLS: o}
	switch {
	case d.only4 && d.only6:
		return dialer, usagef("-4 and -6 exclude each other")
	case d.only4:
		dialer.Family = wire.IPv4Only
	case d.only6:
		dialer.Family = wire.IPv6Only
	}
	if d.flags.Changed("alpn") {
		o.ALPN = splitList(d.alpn)
		octets := 0
		for _, p := range o.ALPN {
			octets += 1 + len(p)
			if len(p) == 0 || len(p) > 255 {
				// RFC 7301, section 3.1.
				return dialer, usagef("--alpn %q: a protocol name has 1 to 255 octets", d.alpn)
			}
		}
		if octets > maxALPN {
			return dialer, usagef("--alpn: the list has %d octets, %d fit a ClientHello", octets, maxALPN)
		}
	}
	if err := d.elsewhere(&dialer); err != nil {
		return dialer, err
	}
	var err error
	if o.CipherSuites, err = cipherSuites(d.ciphers); err != nil {
		return dialer, err
	}
	if o.MinVersion, err = tlsVersion("--tls-min", d.tlsMin); err != nil {
		return dialer, err
	}
	if o.MaxVersion, err = tlsVersion("--tls-max", d.tlsMax); err != nil {
		return dialer, err
	}
	if o.MaxVersion != 0 && o.MinVersion > o.MaxVersion {
		return dialer, usagef("--tls-min %s is above --tls-max %s", d.tlsMin, d.tlsMax)
	}
	if d.caFile != "" {
		pem, err := os.ReadFile(d.caFile)
		if err != nil {
			return dialer, usagef("--cacert: %v", err)
		}
		o.Roots = x509.NewCertPool()
		if !o.Roots.AppendCertsFromPEM(pem) {
			return dialer, usagef("--cacert %s: no certificate in PEM form there", d.caFile)
		}
	}
	if d.certFile != "" {
		key := d.keyFile
		if key == "" {
			key = d.certFile
		}
		cert, err := tls.LoadX509KeyPair(d.certFile, key)
		if err != nil {
			return dialer, usagef("--cert %s: %v", d.certFile, err)
		}
		o.Certificates = []tls.Certificate{cert}
	} else if d.keyFile != "" {
		return dialer, usagef("--key wants --cert")
	}
	return dialer, d.openKeyLog(o)
}

// elsewhere reads the flags that say where a connection really goes.
func (d *dialFlags) elsewhere(to *wire.Dialer) (err error) {
	for _, text := range d.resolve {
		if host, removes := strings.CutPrefix(text, "-"); removes {
			return usagef("--resolve %q: nothing is kept that %q could be taken from", text, host)
		}
		p, err := wire.ParsePin(text)
		if err != nil {
			return usagef("--resolve %w", err)
		}
		to.Pins = append(to.Pins, p)
	}
	for _, text := range d.connectTo {
		r, err := wire.ParseRoute(text)
		if err != nil {
			return usagef("--connect-to %w", err)
		}
		to.Routes = append(to.Routes, r)
	}
	if d.proxy != "" {
		if to.Proxy, err = wire.ParseProxy(d.proxy); err != nil {
			return usagef("--proxy: %w", err)
		}
	}
	return nil
}

// cipherSuites reads a list of suites. OpenSSL's names are IANA's with hyphens
// and without the words that all have.
func cipherSuites(list string) ([]uint16, error) {
	if list == "" {
		return nil, nil
	}
	plain := func(name string) string {
		name = strings.TrimPrefix(strings.ToUpper(name), "TLS_")
		for _, word := range []string{"_WITH_", "-", "_"} {
			name = strings.ReplaceAll(name, word, " ")
		}
		words := strings.Fields(strings.ReplaceAll(strings.ReplaceAll(name, "AES 128", "AES128"), "AES 256", "AES256"))
		return strings.Join(slices.DeleteFunc(words, func(w string) bool {
			return w == "CBC" || w == "RSA" && words[0] == "RSA" || w == "SHA256" && words[len(words)-2] == "POLY1305"
		}), " ")
	}
	known := slices.Concat(tls.CipherSuites(), tls.InsecureCipherSuites())
	var ids []uint16
	for name := range strings.FieldsFuncSeq(list, func(r rune) bool { return r == ',' || r == ':' || r == ' ' }) {
		i := slices.IndexFunc(known, func(s *tls.CipherSuite) bool {
			return strings.EqualFold(s.Name, name) || plain(s.Name) == plain(name)
		})
		if i < 0 {
			return nil, usagef("--ciphers: suite %q is not known here", name)
		}
		if known[i].SupportedVersions[0] == tls.VersionTLS13 {
			return nil, usagef("--ciphers: suite %q is of TLS 1.3, whose suites are not to be chosen (--tls-max 1.2)", name)
		}
		ids = append(ids, known[i].ID)
	}
	return ids, nil
}

func (d *dialFlags) openKeyLog(o *wire.TLSOptions) error {
	name := d.keyLog
	if name == "" {
		name = os.Getenv("SSLKEYLOGFILE")
	}
	if name == "" {
		return nil
	}
	f, err := os.OpenFile(name, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return usagef("key log: %v", err)
	}
	o.KeyLog, d.closer = f, f
	return nil
}

func (d *dialFlags) close() {
	if d.closer != nil {
		d.closer.Close()
	}
}

func tlsVersion(flag, s string) (uint16, error) {
	switch s {
	case "":
		return 0, nil
	case "1.0":
		return tls.VersionTLS10, nil
	case "1.1":
		return tls.VersionTLS11, nil
	case "1.2":
		return tls.VersionTLS12, nil
	case "1.3":
		return tls.VersionTLS13, nil
	}
	return 0, usagef("%s %q: want 1.0, 1.1, 1.2 or 1.3", flag, s)
}

// splitList splits a list by commas; an empty one is empty, not nil.
func splitList(s string) []string {
	out := []string{}
	if s == "" {
		return out
	}
	for part := range strings.SplitSeq(s, ",") {
		out = append(out, strings.TrimSpace(part))
	}
	return out
}

// seconds is a flag's time: a number of seconds, as nc has it, or with a unit.
type seconds time.Duration

func (s *seconds) Set(text string) error {
	d, err := time.ParseDuration(text)
	if n, nerr := strconv.ParseFloat(text, 64); nerr == nil {
		d, err = time.Duration(n*float64(time.Second)), nil
	}
	if err != nil || d < 0 {
		return fmt.Errorf("want seconds, or a time with its unit such as 500ms")
	}
	*s = seconds(d)
	return nil
}

func (s *seconds) String() string {
	if *s == 0 {
		return ""
	}
	return time.Duration(*s).String()
}

func (s *seconds) Type() string { return "seconds" }
