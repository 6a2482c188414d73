package view

import (
	"strings"

	"wiretape/wire/proto"
	"wiretape/wire/ssh"
)

// sshPacket appends the rows of a packet that is not encrypted: of KEXINIT each of
// its lists that is not empty, and what both sides' lists lead to.
func (p *Printer) sshPacket(m *proto.Message, v *ssh.Packet) {
	mk := unitMark(m)
	text := v.Type.String()
	switch {
	case v.Type == ssh.Disconnect:
		text = join(text+" "+v.Reason.String(), some(string(v.Text)))
	case v.Text != nil:
		text = join(text, some(string(v.Text)))
	case v.Kex == nil && m.Body.Size > 1:
		text += ", " + octets(m.Body.Size-1)
	}
	p.rows(m.Conn, mk, text)
	if v.Kex == nil {
		return
	}
	for i, list := range v.Kex.Lists {
		if len(list) > 0 {
			p.rows(m.Conn, mk, "  "+ssh.Names[i]+": "+listText(list))
		}
	}
	if v.Kex.Follows {
		p.rows(m.Conn, mk, "  a guessed key exchange packet follows")
	}
	if v.Agreed == nil {
		return
	}
	agreed, none := []string{}, []string{}
	for _, c := range v.Agreed {
		if c.Algorithm == "" {
			none = append(none, c.Name)
		} else {
			agreed = append(agreed, c.Name+" "+some(c.Algorithm))
		}
	}
	if len(agreed) > 0 {
		p.rows(m.Conn, markInfo, "both have: "+strings.Join(agreed, ", "))
	}
	if len(none) > 0 {
		p.rows(m.Conn, markWarn, "nothing in common for "+strings.Join(none, ", ")+" (RFC 4253 7.1)")
	}
}

// listText writes a list of names, of a long one the first.
func listText[S ~string](list []S) string {
	var b strings.Builder
	for i, name := range list {
		if i == shownItems {
			b.WriteString(", … " + count(int64(len(list)-i)) + " more")
			break
		}
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(some(string(name)))
	}
	return b.String()
}

// sshIdent appends what an identification has in JSON.
func (j *object) sshIdent(m *proto.Message, v *ssh.Ident) {
	j.string("type", "identification")
	j.string("version", v.Version)
	j.string("software", v.Software)
	j.bytes("comments", v.Comments)
	j.complete(m)
}

// sshPacket appends what a packet has in JSON.
func (j *object) sshPacket(m *proto.Message, v *ssh.Packet) {
	j.string("type", v.Type.String())
	j.int("number", int64(v.Type))
	j.int("length", int64(v.Length))
	j.int("padding", int64(v.Padding))
	switch {
	case v.Type == ssh.Disconnect:
		j.string("reason", v.Reason.String())
		j.bytes("text", v.Text)
	case v.Text != nil:
		j.bytes("text", v.Text)
	}
	if v.Kex != nil {
		j.open("lists")
		for i, list := range v.Kex.Lists {
			j.array(jsonName(ssh.Names[i]))
			for _, name := range list {
				j.string("", name)
			}
			j.end()
		}
		j.shut()
		j.bool("first_kex_packet_follows", v.Kex.Follows)
	}
	if v.Agreed != nil {
		j.open("agreed")
		for _, c := range v.Agreed {
			j.string(jsonName(c.Name), c.Algorithm)
		}
		j.shut()
	}
	j.complete(m)
	j.body(m)
}

// jsonName writes a name of this program's in the form of JSON's.
func jsonName(s string) string { return strings.ReplaceAll(s, " ", "_") }
