package analyze

import (
	"time"

	"wiretape/wire"
)

// A Collector is [Analyze] for events that are given to it one by one, as where
// several analyses stand on one tape. It is for one goroutine.
type Collector struct {
	r     *recording
	asked address
}

// NewCollector returns a Collector that has seen nothing.
func NewCollector() *Collector { return &Collector{r: newRecording()} }

// Event takes an event. It is a [wire.Sink]; Data is not kept.
func (c *Collector) Event(e wire.Event) { c.r.feed(e) }

// Line tells at which line of a tape the next event stands.
func (c *Collector) Line(n int) { c.r.line = n }

// Asked tells the URL that was asked for, as [Options] has it: what a recording of
// failures alone does not know. What is no URL is passed over.
func (c *Collector) Asked(url string) {
	if t, err := parseTyped(url); err == nil {
		c.asked = t.first
	}
}

// Report returns the report on what was taken, after which there is no more. Start
// is as [Analyze] has it.
func (c *Collector) Report(start time.Time) Report { return c.r.report(c.asked, start) }
