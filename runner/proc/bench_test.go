package proc

import (
	"os"
	"testing"
)

// BenchmarkRead: what one look of each kind at a process costs, here at this one.
func BenchmarkRead(b *testing.B) {
	p, err := NewFS("/").Open(os.Getpid())
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = p.Close() }()
	for _, c := range []struct {
		name string
		read func() error
	}{
		{"statm", func() error { _, err := p.Statm(); return err }},
		{"stat", func() error { _, err := p.Stat(); return err }},
		{"status", func() error { _, err := p.Status(); return err }},
		{"maps", func() error { _, err := p.Maps(); return err }},
		{"smaps_rollup", func() error { _, err := p.SmapsRollup(); return err }},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := c.read(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
