package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"wiretape/tape/har"
	"wiretape/tape/pcapng"
	"wiretape/wire"
	"wiretape/wire/keylog"
)

// imports are the formats that become tapes.
var imports = map[string]func(io.Reader, *importFlags) (imported, error){
	"har": importHAR, "pcap": importCapture, "pcapng": importCapture,
}

// importFlags say how import writes.
type importFlags struct {
	record recordFlags
	keylog string
}

// imported is what a file of another format was.
type imported struct {
	created time.Time
	notes   func() []string // to be asked after the events
	events  func(wire.Sink) error
}

func (a *app) importCommand() *cobra.Command {
	var f importFlags
	cmd := &cobra.Command{
		Use:   "import har|pcap|pcapng FILE",
		Short: "make a tape of another format",
		Long: `Import makes a tape of what another program saved, an archive of a browser or a
capture of packets, whose TCP it puts together again, to stdout or to the file of
-o, and says on stderr what had to be invented or was left out. Secrets are masked as
in a recording. FILE may be -, for stdin.

TLS in a capture is read where its secrets are known: those of --keylog, the file that
a client writes where SSLKEYLOGFILE names one, and those within the capture.`,
		Example: `  wiretape import har login.har -o login.tape
  SSLKEYLOGFILE=keys curl https://localhost:8443/ && wiretape import pcapng curl.pcapng --keylog keys`,
		Args: takes(2, 2),
		RunE: a.interruptibly(func(ctx context.Context, args []string) error {
			open := imports[args[0]]
			if open == nil {
				return usagef("import %s: want har, pcap or pcapng", args[0])
			}
			if f.keylog != "" && args[0] == "har" {
				return usagef("import har: --keylog is for a capture")
			}
			return a.runImport(ctx, args[0], args[1], open, &f)
		}),
	}
	fs := cmd.Flags()
	fs.VarP((*fileName)(&f.record.tape), "output", "o", "write the tape to `FILE`")
	fs.Var((*fileName)(&f.keylog), "keylog", "read TLS by the secrets of `FILE`, which SSLKEYLOGFILE named")
	f.record.registerManners(fs)
	return cmd
}

func (a *app) runImport(ctx context.Context, format, arg string, open func(io.Reader, *importFlags) (imported, error), f *importFlags) error {
	src, name, err := a.openFile(ctx, arg)
	if err != nil {
		return usagef("import %s: %w", format, err)
	}
	defer src.Close()
	in, err := open(src, f)
	if err != nil {
		return usagef("import %s %s: %w", format, name, err)
	}
	o, err := f.record.redaction()
	if err != nil {
		return err
	}
	dst, err := a.newOutput(f.record.tape, f.record.force)
	if errors.Is(err, fs.ErrExist) {
		return &hinted{usagef("import: %s exists", f.record.tape), "--force writes over it"}
	} else if err != nil {
		return usagef("import: %w", err)
	}
	defer dst.drop()
	rec, err := f.record.to(dst, f.record.tape, in.created, o)
	if err != nil {
		return err
	}
	err = in.events(rec.sink())
	if err != nil {
		err = usagef("import %s %s: %w", format, name, err)
	}
	if cerr := rec.close(a); cerr != nil {
		err = errors.Join(err, fmt.Errorf("import %s %s: write the tape: %w", format, name, cerr))
	}
	if err == nil {
		err = dst.done()
	}
	for _, n := range in.notes() {
		fmt.Fprintf(a.stderr, "* %s: %s\n", escape(name), escape(n))
	}
	return err
}

func importHAR(src io.Reader, _ *importFlags) (imported, error) {
	in, give, err := har.Open(src)
	return imported{
		created: in.Created,
		notes:   func() []string { return in.Notes },
		events:  func(sink wire.Sink) error { give(sink); return nil },
	}, err
}

// importCapture reads pcap and pcapng, whichever the file says that it is.
func importCapture(src io.Reader, f *importFlags) (imported, error) {
	keys := &keylog.Keys{}
	if f.keylog != "" {
		log, err := os.Open(f.keylog)
		if err != nil {
			return imported{}, err
		}
		defer log.Close()
		if err := keys.Add(log); err != nil {
			return imported{}, fmt.Errorf("key log %s: %w", f.keylog, err)
		}
	}
	r, err := pcapng.NewReader(src, keys)
	if err != nil {
		return imported{}, err
	}
	notes := func() []string {
		notes := r.Notes()
		if slices.ContainsFunc(notes, func(n string) bool { return strings.Contains(n, keylog.NoKeys) }) {
			notes = append(notes, "--keylog FILE has keys, where SSLKEYLOGFILE had the client write them")
		}
		return notes
	}
	return imported{created: r.Created(), notes: notes, events: r.Events}, nil
}
