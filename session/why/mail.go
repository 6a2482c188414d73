package why

// replyClass is what a code of no row comes to (RFC 5321, section 4.2.1).
func replyClass(code int) text {
	switch code / 100 {
	case 1:
		return text{means: "begun: another reply follows"}
	case 2:
		return text{means: "done"}
	case 3:
		return text{means: "go on: more is due from you"}
	case 4:
		return text{means: "not now: the same may work later"}
	case 5:
		return text{means: "refused: the same will be refused again"}
	}
	return text{means: "no class that there is"}
}

var smtpCodes = map[string]text{
	"220": {"ready: the greeting, or go on with the handshake", "", ""},
	"221": {"it closes the connection, as asked", "", ""},
	"235": {"the credentials are accepted", "", ""},
	"250": {"done", "", ""},
	"251": {"not here, and it will be forwarded", "", ""},
	"252": {"it does not say whether that user is there, and takes the mail", "VRFY is not answered, against spammers", ""},
	"334": {"go on: the next part of AUTH, in base64", "", ".send \"…\" with the base64 of what is asked"},
	"354": {"the text may come; a line of one dot ends it", "", ""},
	"421": {"it closes the connection", "too many connections, an idle time, or a restart", "later"},
	"432": {"a password has to be changed first", "", ""},
	"450": {"the mailbox is not to be had now", "greylisting, mostly: an unknown sender is to come back", "again in some minutes"},
	"451": {"a fault in between", "greylisting, a lookup that failed, a full disk", "again in some minutes"},
	"452": {"no room, or too many recipients", "", "fewer RCPT TO"},
	"454": {"TLS, or AUTH, is not to be had now", "its certificate could not be read", "its log"},
	"500": {"it does not know the command", "a command that EHLO did not offer; text behind DATA that was refused", ".caps"},
	"501": {"the arguments are wrong", "no <> around the address, a blank behind FROM:", "MAIL FROM:<me@example.com>"},
	"502": {"the command is known and switched off", "VRFY, EXPN", ""},
	"503": {"not in this order", "RCPT before MAIL, DATA without a recipient that was taken, AUTH twice", "EHLO, MAIL FROM, RCPT TO, DATA"},
	"504": {"this argument is not supported", "an AUTH mechanism that it does not have", ".caps"},
	"521": {"this host takes no mail", "", ""},
	"530": {"first something else", "STARTTLS or AUTH is due before", ".starttls; AUTH"},
	"534": {"this AUTH mechanism is too weak for it", "", "another of those that .caps lists"},
	"535": {"the credentials are wrong", "the password, or an application password is due", "the base64: user and password with NUL between and before"},
	"538": {"this AUTH mechanism wants TLS first", "", ".starttls"},
	"550": {"refused: no such mailbox, or not from you", "a wrong address, relaying without AUTH, a blocklist, SPF", "the text behind the code; AUTH; another sender"},
	"551": {"not here", "", ""},
	"552": {"no room, or the message is too large", "", "SIZE in .caps"},
	"553": {"the address is not allowed", "a sender that is not yours", ""},
	"554": {"it failed", "a filter, or no mail service here", "the text behind the code"},
	"555": {"a parameter of MAIL or RCPT that it does not know", "", ".caps"},
}

// enhancedSubjects are the subjects of RFC 3463, by their number.
var enhancedSubjects = map[string]string{
	"0": "nothing more is said", "1": "the address", "2": "the mailbox", "3": "the mail system", "4": "the way there",
	"5": "the protocol", "6": "the content", "7": "security or policy",
}

// enhancedCodes are by subject and detail.
var enhancedCodes = map[string]text{
	"1.0":  {"the address", "", ""},
	"1.1":  {"no such mailbox", "a typing error", ""},
	"1.2":  {"no such domain takes mail", "its MX", ".dns DOMAIN MX"},
	"1.3":  {"the recipient's address cannot be read", "no <> around it", ""},
	"1.5":  {"the recipient's address is good", "", ""},
	"1.6":  {"the mailbox has moved", "", ""},
	"1.7":  {"the sender's address cannot be read", "", "MAIL FROM:<me@example.com>"},
	"1.8":  {"the sender's domain does not exist", "", ".dns DOMAIN MX"},
	"2.0":  {"the mailbox", "", ""},
	"2.1":  {"the mailbox is switched off", "", ""},
	"2.2":  {"the mailbox is full", "", ""},
	"2.3":  {"the message is longer than the mailbox allows", "", ""},
	"3.0":  {"the mail system", "", ""},
	"3.2":  {"the system takes no messages now", "", "later"},
	"3.4":  {"the message is too big for the system", "", "SIZE in .caps"},
	"4.1":  {"no host answers on the way", "", ""},
	"4.2":  {"the connection on the way broke", "", ""},
	"4.4":  {"no way there is known", "its MX", ".dns DOMAIN MX"},
	"4.7":  {"it was tried for too long", "", ""},
	"5.0":  {"the protocol", "", ""},
	"5.1":  {"the command is not known, or not now", "order", "EHLO, MAIL FROM, RCPT TO, DATA"},
	"5.2":  {"syntax", "", ""},
	"5.3":  {"too many recipients", "", "fewer RCPT TO"},
	"5.4":  {"wrong arguments", "", ".caps"},
	"6.0":  {"the content", "", ""},
	"7.0":  {"policy or security", "a filter; or, at AUTH, all is well", "the text behind the code"},
	"7.1":  {"not allowed from you to there", "relaying without AUTH, greylisting (4.7.1), a blocklist", "AUTH; the text behind the code"},
	"7.4":  {"this AUTH mechanism, or this way of security, is not supported", "", ".caps"},
	"7.8":  {"the credentials are wrong", "", ""},
	"7.9":  {"this AUTH mechanism is too weak", "", ""},
	"7.11": {"this wants encryption first", "", ".starttls"},
	"7.23": {"SPF says that you may not send for that domain", "", ".dns DOMAIN TXT"},
	"7.26": {"neither SPF nor DKIM vouches for the message", "", ""},
}

var imapStatus = map[string]text{
	"OK":      {"done", "", ""},
	"NO":      {"it reads well and failed", "no such mailbox, wrong credentials, no rights", "the text behind it"},
	"BAD":     {"it could not be read, or not in this state", "no tag before the command, SELECT is due first, a literal that is announced wrong", "a1 CAPABILITY; a2 LOGIN user password; a3 SELECT INBOX"},
	"BYE":     {"the server closes the connection", "LOGOUT, an idle time, a restart", "connecting again"},
	"PREAUTH": {"you are logged in already", "", "SELECT at once"},
}

var imapCodes = map[string]text{
	"ALERT":                {"the text is to be shown to the user", "", ""},
	"AUTHENTICATIONFAILED": {"wrong credentials, and it does not say which", "", ""},
	"AUTHORIZATIONFAILED":  {"logged in, and not allowed to act as that user", "", ""},
	"EXPIRED":              {"the credentials have expired", "", ""},
	"PRIVACYREQUIRED":      {"this wants TLS first", "LOGINDISABLED stands in its capabilities", ".starttls"},
	"UNAVAILABLE":          {"something behind it is down", "", "later"},
	"CONTACTADMIN":         {"its administrator has to do something", "", ""},
	"NOPERM":               {"no rights", "", ""},
	"INUSE":                {"somebody else has it", "", "later"},
	"CLIENTBUG":            {"what was sent looks like a mistake", "", ""},
	"CANNOT":               {"it never works here", "a name that it does not allow", ""},
	"LIMIT":                {"a limit", "", ""},
	"OVERQUOTA":            {"the quota is used up", "", ""},
	"ALREADYEXISTS":        {"it is there already", "", ""},
	"NONEXISTENT":          {"no such mailbox", "capitals, or the separator", `a1 LIST "" "*"`},
	"TRYCREATE":            {"no such mailbox, and CREATE would make it", "", ""},
	"READ-ONLY":            {"it can only be read", "EXAMINE", "SELECT"},
	"CAPABILITY":           {"what the server can", "", ".caps"},
	"BADCHARSET":           {"SEARCH in a charset that it does not know", "", "UTF-8"},
	"PARSE":                {"a message's head could not be read", "", ""},
}

var pop3Codes = map[string]text{
	"":            {"refused", "not in this state: USER and PASS come first; no such message; wrong credentials", "CAPA; the text behind it"},
	"IN-USE":      {"the mailbox is locked", "another session has it", "later"},
	"LOGIN-DELAY": {"too soon after the last login", "", "later"},
	"SYS/TEMP":    {"a fault of the system that may pass", "", "later"},
	"SYS/PERM":    {"a fault of the system that will stay", "", "its administrator"},
	"AUTH":        {"the credentials are wrong", "the password; or it wants TLS first", ".starttls"},
}

var ftpCodes = map[string]text{
	"125": {"the data connection is open; the transfer begins", "", ""},
	"150": {"it opens the data connection", "", ".data"},
	"200": {"done", "", ""},
	"220": {"ready", "", ""},
	"221": {"it closes the connection, as asked", "", ""},
	"226": {"the transfer is over", "", ""},
	"227": {"where the data connection is to go, in IPv4", "PASV", ".data opens it"},
	"229": {"which port the data connection is to go to", "EPSV", ".data opens it"},
	"230": {"logged in", "", ""},
	"234": {"begin TLS", "", ".starttls now"},
	"250": {"done", "", ""},
	"257": {"the folder's name", "", ""},
	"331": {"the password is due", "", "PASS …"},
	"332": {"an account is due", "", "ACCT …"},
	"350": {"go on: it waits for the rest", "RNFR, REST", ""},
	"421": {"it closes the connection", "an idle time, too many connections", "later"},
	"425": {"the data connection could not be opened", "no PASV or EPSV before, a firewall, or active mode behind NAT", "EPSV, then .data"},
	"426": {"the data connection was cut", "", ""},
	"430": {"wrong credentials", "", ""},
	"450": {"the file is in use", "", "later"},
	"451": {"a fault of the system", "", ""},
	"452": {"no room", "", ""},
	"500": {"it does not know the command", "a line too long, or text where a command is due", "HELP"},
	"501": {"the arguments are wrong", "", ""},
	"502": {"it knows the command and does not have it", "", "FEAT"},
	"503": {"not in this order", "PASS before USER, RETR before PASV", ""},
	"504": {"not with this argument", "", ""},
	"522": {"the data connection has to be of another kind", "TLS sessions are to be resumed on it, or another network protocol", "PROT P; EPSV 1"},
	"530": {"not logged in", "USER and PASS are due, TLS is due first, or wrong credentials", "USER …; AUTH TLS"},
	"532": {"storing wants an account", "", ""},
	"550": {"it cannot be done with that file", "no such file, or no rights", "PWD; the path"},
	"552": {"no room left for you", "", ""},
	"553": {"the name is not allowed", "", ""},
}

var nntpCodes = map[string]text{
	"100": {"help follows, up to a line of one dot", "", ""},
	"101": {"what it can do follows, up to a line of one dot", "", ""},
	"111": {"its date and time", "", ""},
	"200": {"ready, and it takes articles", "", ""},
	"201": {"ready, and it takes no articles", "", ""},
	"205": {"it closes the connection, as asked", "", ""},
	"211": {"the group is chosen", "", ""},
	"215": {"a list follows, up to a line of one dot", "", ""},
	"220": {"the article follows, up to a line of one dot", "", ""},
	"221": {"its header follows, up to a line of one dot", "", ""},
	"222": {"its body follows, up to a line of one dot", "", ""},
	"223": {"there is such an article", "", ""},
	"224": {"the overview follows, up to a line of one dot", "", ""},
	"230": {"new articles follow, up to a line of one dot", "", ""},
	"231": {"new groups follow, up to a line of one dot", "", ""},
	"235": {"the article came over", "", ""},
	"238": {"send the article", "", "TAKETHIS"},
	"239": {"the article came over", "", ""},
	"240": {"the article was taken", "", ""},
	"281": {"logged in", "", ""},
	"335": {"send the article, up to a line of one dot", "", ""},
	"340": {"send the article, up to a line of one dot", "", ""},
	"381": {"the password is due", "", "AUTHINFO PASS …"},
	"382": {"begin TLS", "", ".starttls now"},
	"400": {"it is not to be had, or gives up", "an idle time, too many connections", "later"},
	"401": {"it is in another mode", "a server for transit and for readers that starts with transit", "MODE READER"},
	"403": {"a fault inside it", "", "later"},
	"411": {"no such group", "", "LIST"},
	"412": {"no group is chosen", "", "GROUP …"},
	"420": {"no article is chosen", "the group is empty", "GROUP …"},
	"421": {"no next article in this group", "", ""},
	"422": {"no article before it in this group", "", ""},
	"423": {"no article of that number in this group", "", "LISTGROUP"},
	"430": {"no article of that Message-ID", "it has expired, or never came here", "the <> around it"},
	"435": {"it does not want this article", "it has it already", ""},
	"436": {"not now: send the article later", "", "later"},
	"437": {"it does not want this article, now or later", "", ""},
	"440": {"it takes no articles", "", "AUTHINFO"},
	"441": {"the article was not taken", "no From, Newsgroups or Subject; no such group", "the text behind it"},
	"480": {"it wants a login first", "", "AUTHINFO USER …"},
	"481": {"wrong credentials", "", ""},
	"482": {"not in this order", "AUTHINFO PASS before AUTHINFO USER, or twice", ""},
	"483": {"it wants TLS first", "", ".starttls, or port 563"},
	"500": {"it does not know the command", "an older server, or text where a command is due", "CAPABILITIES"},
	"501": {"the arguments are wrong", "", "HELP"},
	"502": {"not for you, or not any more", "no rights to it, or TLS or a login that are there already", "AUTHINFO"},
	"503": {"this part of the command is not to be had", "", "CAPABILITIES"},
	"504": {"an argument in base64 is damaged", "", ""},
	"580": {"TLS is not to be had now", "", ""},
}
