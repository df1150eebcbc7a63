package report

import (
	"regexp"
	"strings"

	"alloclab/analysis"
	"alloclab/analysis/cause"
)

// Meaning is a word of findings, and what it means to somebody who knows nothing of allocators.
type Meaning struct{ Word, Text string }

// entry is a meaning, and where in a text it is wanted. An entry with a cause is
// wanted where that is named too.
type entry struct {
	Meaning
	cause cause.Word
	in    *regexp.Regexp
}

// glossary has the causes first, and then the words in which they are told.
var glossary = []entry{
	{Meaning{"steady", "little is held beyond what is in use."}, cause.Steady, regexp.MustCompile(`\bsteady\b`)},
	{Meaning{"retention", "whole pages without a byte in use, which the allocator keeps: one call, a setting or another allocator gives them back."},
		cause.Retention, regexp.MustCompile(`\bretention\b`)},
	{Meaning{"fragmentation", "free memory that shares its page, or a unit that goes back only whole, with a block in use: it goes back only when those blocks are freed or moved, or where another allocator lays them out otherwise."},
		cause.Fragmentation, regexp.MustCompile(`\bfragmentation\b`)},
	{Meaning{"thread cache", "freed blocks that each thread keeps for its own next request."}, cause.ThreadCache, regexp.MustCompile(`\bthread\s+caches?\b`)},
	{Meaning{"metadata", "the allocator's own tables."}, cause.Metadata, regexp.MustCompile(`\bmetadata\b`)},
	{Meaning{"rounding", "blocks that are larger than what was asked for."}, cause.Rounding, regexp.MustCompile(`\brounding\b`)},
	{Meaning{"mixed", "no kind is half of what is held beyond use."}, cause.Mixed, nil},
	{Meaning{"growth", "the program holds more and more; no allocator can help."}, cause.Growth, nil},
	{Meaning{"leak", "the program has lost the pointers to memory that it never freed; no allocator can help."}, cause.Leak, nil},
	{Meaning{"too short to tell", "the allocator gives memory back after a time that the idle window did not reach."}, cause.TooShort, nil},
	{Meaning{"page", "the unit in which memory comes from the kernel and goes back to it."}, "", regexp.MustCompile(`\bpages?\b`)},
	{Meaning{"heap", "the memory that an allocator has from the kernel, to cut blocks from."}, "", regexp.MustCompile(`\bheaps?\b`)},
	{Meaning{"arena", "a part of the heap with a lock of its own, shared by some of the threads."}, "", regexp.MustCompile(`\barenas?(?:$|[^.\w]|\.\s)`)},
	{Meaning{"span", "a run of pages that goes back whole: free, one block, or cut into blocks of one size."}, "", regexp.MustCompile(`\bspans?\b`)},
	{Meaning{"slab", "a run of pages that is cut into blocks of one size."}, "", regexp.MustCompile(`\bslabs?\b`)},
	{Meaning{"extent", "a run of pages that the allocator keeps account of as one."}, "", regexp.MustCompile(`\bextents?\b`)},
	{Meaning{"clock", "after what time an allocator gives memory back by itself."}, "", regexp.MustCompile(`\bclock\b`)},
	{Meaning{"decay", "giving free pages back by itself, over a set time."}, "", regexp.MustCompile(`\bdecay\b`)},
	{Meaning{"purge", "a call that tells the allocator to give back what is free."}, "", regexp.MustCompile(`\bpurge\b`)},
	{Meaning{"arena.4096", "all of jemalloc's arenas at once."}, "", regexp.MustCompile(`\barena\.4096\b`)},
	{Meaning{"RSS", "resident memory: what of a process really lies in RAM."}, "", regexp.MustCompile(`\bRSS\b`)},
	{Meaning{"throughput per CPU second", "operations done in a second of processor time; + is more than the variant told of."}, "", regexp.MustCompile(`\bthroughput\s+per\s+CPU\s+second\b`)},
}

// Meanings are those of the words that findings use, in the glossary's order.
func Meanings(findings []analysis.Finding) []Meaning {
	var text strings.Builder
	named := map[string]bool{}
	for _, f := range findings {
		named[f.Word] = true
		text.WriteString(f.Head + "\n")
		for _, p := range f.Parts {
			text.WriteString(p.Text + "\n")
		}
	}
	var used []Meaning
	for _, e := range glossary {
		if e.cause != "" && named[string(e.cause)] || e.in != nil && e.in.MatchString(text.String()) {
			used = append(used, e.Meaning)
		}
	}
	return used
}

// legend prints them; it is empty where there are none.
func legend(findings []analysis.Finding) string {
	used := Meanings(findings)
	if len(used) == 0 {
		return ""
	}
	var out strings.Builder
	out.WriteString("\nWords\n")
	for _, m := range used {
		out.WriteString("  " + wrap(m.Word+": "+m.Text, width-2, "    "))
	}
	return out.String()
}
