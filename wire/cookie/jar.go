package cookie

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// Limits of a Jar. When one is passed, the cookies that were not sent for the
// longest time make room, those without Secure first within a domain (6265bis
// 5.7).
const (
	MaxCookies   = 3000 // in a jar
	MaxPerDomain = 180  // of one domain
)

// A Jar is the cookie store of one client. Its zero value is empty and ready. It
// is not safe for concurrent use. Expired cookies leave it as its methods are
// told the time, and do not come back if a later call tells an earlier one.
type Jar struct {
	cookies []stored
	created int       // how many cookies were ever created
	soonest time.Time // no cookie expires earlier; zero: none expires
}

// stored is a cookie with what only the jar cares about.
type stored struct {
	Cookie

	order int       // of creation, since several may share one creation-time
	used  time.Time // last-access-time
}

// Set takes the value of one Set-Cookie field line from the response to a request
// to o and says what became of it. The value's octets are copied.
func (j *Jar) Set(o Origin, setCookie []byte, now time.Time) Verdict {
	j.expire(now)
	v := judge(o, setCookie, now, j.shadows)
	if v.Action == Reject {
		v.compare(o, setCookie)
		return v
	}
	c := stored{Cookie: v.Cookie.owned(), order: j.created, used: now}
	// Step 23.
	if i := slices.IndexFunc(j.cookies, c.same); i >= 0 {
		v.Replaced = true
		c.Created, c.order = j.cookies[i].Created, j.cookies[i].order
		v.Cookie.Created = c.Created
		j.cookies = slices.Delete(j.cookies, i, i+1)
	} else {
		j.created++
	}
	// Step 24. A cookie that is expired would be inserted and at once evicted.
	if v.Action == Store {
		j.cookies = append(j.cookies, c)
		if !c.Expires.IsZero() && (j.soonest.IsZero() || c.Expires.Before(j.soonest)) {
			j.soonest = c.Expires
		}
		j.removeExcess(c.Domain)
	}
	v.compare(o, setCookie)
	return v
}

// Header returns the Cookie field value for a request to o, the cookie-string of
// 6265bis 5.8.3, or nil if the jar has no cookie for it. It counts as a use of the
// cookies in it.
func (j *Jar) Header(o Origin, now time.Time) []byte {
	var b []byte
	for n, i := range j.match(o, now) {
		c := &j.cookies[i]
		c.used = now
		if n > 0 {
			b = append(b, "; "...)
		}
		if c.Name != "" {
			b = append(b, c.Name...)
			b = append(b, '=')
		}
		b = append(b, c.Value...)
	}
	return b
}

// All returns every cookie in the jar in order of creation.
func (j *Jar) All(now time.Time) []Cookie {
	j.expire(now)
	var cookies []Cookie
	for _, c := range slices.SortedFunc(slices.Values(j.cookies), byCreation) {
		cookies = append(cookies, c.Cookie)
	}
	return cookies
}

// match returns the places of the cookies for a request to o, in the order of
// 6265bis 5.8.3 steps 3 and 4.
func (j *Jar) match(o Origin, now time.Time) []int {
	j.expire(now)
	host, ok := canonicalHost(o.Host)
	if !ok {
		return nil
	}
	var places []int
	for i := range j.cookies {
		c := &j.cookies[i]
		if c.HostOnly && host != c.Domain || !domainMatch(host, c.Domain) ||
			!pathMatch(o.requestPath(), c.Path) || c.Secure && !o.Secure {
			continue
		}
		places = append(places, i)
	}
	slices.SortFunc(places, func(a, b int) int {
		x, y := &j.cookies[a], &j.cookies[b]
		return cmp.Or(cmp.Compare(len(y.Path), len(x.Path)), byCreation(*x, *y))
	})
	return places
}

func byCreation(a, b stored) int {
	return cmp.Or(a.Created.Compare(b.Created), cmp.Compare(a.order, b.order))
}

// shadows reports whether the jar holds a Secure cookie that c would overlay
// (6265bis 5.7 step 16).
func (j *Jar) shadows(c *Cookie) bool {
	return slices.ContainsFunc(j.cookies, func(old stored) bool {
		return old.Secure && old.Name == c.Name &&
			(domainMatch(old.Domain, c.Domain) || domainMatch(c.Domain, old.Domain)) &&
			pathMatch(c.Path, old.Path)
	})
}

// same reports whether c and old are one cookie to the jar.
func (c *stored) same(old stored) bool {
	return old.Name == c.Name && old.Domain == c.Domain && old.HostOnly == c.HostOnly && old.Path == c.Path
}

// expired reports whether the cookie's expiry date is in the past.
func (c *Cookie) expired(now time.Time) bool {
	return !c.Expires.IsZero() && c.Expires.Before(now)
}

// expire evicts the cookies whose time is over.
func (j *Jar) expire(now time.Time) {
	if j.soonest.IsZero() || !j.soonest.Before(now) {
		return
	}
	j.cookies = slices.DeleteFunc(j.cookies, func(c stored) bool { return c.expired(now) })
	j.soonest = time.Time{}
	for _, c := range j.cookies {
		if !c.Expires.IsZero() && (j.soonest.IsZero() || c.Expires.Before(j.soonest)) {
			j.soonest = c.Expires
		}
	}
}

// removeExcess keeps the jar within its limits after a cookie of domain came in.
func (j *Jar) removeExcess(domain string) {
	ofDomain := func(c stored) bool { return c.Domain == domain }
	count := 0
	for _, c := range j.cookies {
		if ofDomain(c) {
			count++
		}
	}
	if count > MaxPerDomain {
		if !j.evict(func(c stored) bool { return ofDomain(c) && !c.Secure }) {
			j.evict(ofDomain)
		}
	}
	if len(j.cookies) > MaxCookies {
		j.evict(func(stored) bool { return true })
	}
}

// evict removes the cookie with the earliest last-access-time among those that
// may go. It reports whether there was one.
func (j *Jar) evict(may func(stored) bool) bool {
	oldest := -1
	for i, c := range j.cookies {
		if may(c) && (oldest < 0 || c.used.Before(j.cookies[oldest].used)) {
			oldest = i
		}
	}
	if oldest >= 0 {
		j.cookies = slices.Delete(j.cookies, oldest, oldest+1)
	}
	return oldest >= 0
}

// owned returns c without its attributes and with memory of its own: its strings
// are parts of a field line that may be much longer.
func (c *Cookie) owned() Cookie {
	o := *c
	o.Attributes = nil
	o.Name, o.Value = strings.Clone(c.Name), strings.Clone(c.Value)
	o.Domain, o.Path = strings.Clone(c.Domain), strings.Clone(c.Path)
	return o
}
