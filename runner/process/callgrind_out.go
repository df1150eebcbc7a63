package process

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// CallgrindPart is one part of callgrind's output: what was executed since the
// part before.
type CallgrindPart struct {
	Trigger      string // "--dump-before=function", or "Program termination"
	Instructions int64
}

// ReadCallgrind reads the parts of an output file, in order. Of the costs of functions and
// lines it takes no more than their sums, which callgrind writes twice: they must agree.
func ReadCallgrind(r io.Reader) ([]CallgrindPart, error) {
	var parts []CallgrindPart
	in := bufio.NewReaderSize(r, 64<<10)
	summed := true // the last part's totals have come
	for number := 1; ; number++ {
		text, err := in.ReadSlice('\n')
		if errors.Is(err, bufio.ErrBufferFull) { // a name of a C++ function may be long
			for errors.Is(err, bufio.ErrBufferFull) {
				_, err = in.ReadSlice('\n')
			}
			text = nil
		}
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, fmt.Errorf("callgrind's output, line %d: %w", number, err)
		}
		key, value, _ := strings.Cut(strings.TrimSpace(string(text)), ": ")
		fault := ""
		switch key {
		case "part":
			if !summed {
				fault = "the part before has no totals"
			}
			parts, summed = append(parts, CallgrindPart{}), false
		case "events":
			if value != "Ir" {
				fault = "it counts other things than instructions"
			}
		case "desc":
			if trigger, ok := strings.CutPrefix(value, "Trigger: "); ok && len(parts) > 0 {
				parts[len(parts)-1].Trigger = trigger
			}
		case "summary", "totals":
			n, bad := strconv.ParseInt(value, 10, 64)
			switch {
			case bad != nil || n < 0:
				fault = "no count"
			case len(parts) == 0 || summed:
				fault = "it belongs to no part"
			case key == "summary":
				parts[len(parts)-1].Instructions = n
			case n != parts[len(parts)-1].Instructions:
				fault = fmt.Sprintf("the summary says %d", parts[len(parts)-1].Instructions)
			default:
				summed = true
			}
		}
		if fault != "" {
			return nil, fmt.Errorf("callgrind's output, line %d: %s: %.100q", number, fault, text)
		}
		if err != nil {
			break
		}
	}
	if !summed {
		return nil, errors.New("callgrind's output ends in the middle of a part")
	}
	return parts, nil
}
