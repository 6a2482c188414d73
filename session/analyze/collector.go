package analyze

import (
	"time"

	"wiretape/wire"
)

// A Collector is [Analyze] for events that are given to it one by one, as where
// several analyses stand on one tape. It is for one goroutine.
type Collector struct{ r *recording }

// NewCollector returns a Collector that has seen nothing.
func NewCollector() *Collector { return &Collector{newRecording()} }

// Event takes an event. It is a [wire.Sink]; Data is not kept.
func (c *Collector) Event(e wire.Event) { c.r.feed(e) }

// Report returns the report on what was taken, after which there is no more. Start
// is as [Analyze] has it.
func (c *Collector) Report(start time.Time) Report { return c.r.report(address{}, start) }
