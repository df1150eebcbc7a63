package configs

import (
	"errors"
	"fmt"
	"math"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// kindText is a name or a path: the kind of the keys that are not options.
const kindText Kind = "text"

// maxText is the length of a name or path, in characters.
const maxText = 1000

// convert checks a decoded TOML value against its option and gives the value
// that the experiment holds. The error says what is wrong, in words that
// follow the key's name; it carries no place.
func (o Option) convert(v any) (any, *Error) {
	switch o.Kind {
	case KindCount:
		if n, ok := v.(int64); ok {
			return n, o.inRange(float64(n))
		}
		return nil, mistyped(v, "a whole number, such as 8")
	case KindBytes:
		return o.bytes(v)
	case KindDuration:
		return o.seconds(v)
	case KindFraction:
		if n, ok := v.(int64); ok {
			v = float64(n)
		}
		if f, ok := v.(float64); ok {
			return f, o.inRange(f)
		}
		return nil, mistyped(v, "a number, such as 0.5")
	case KindBool:
		if b, ok := v.(bool); ok {
			return b, nil
		}
		return nil, mistyped(v, "true or false")
	case KindChoice:
		s, ok := v.(string)
		if !ok {
			return nil, mistyped(v, "one of "+strings.Join(o.Choices, ", "))
		}
		if !slices.Contains(o.Choices, s) {
			return nil, &Error{Text: "cannot be " + show(s), Hint: hint(s, o.Choices)}
		}
		return s, nil
	case kindText:
		return text(v)
	}
	return nil, &Error{Text: fmt.Sprintf("is of kind %q, which this alloclab does not know", o.Kind), Hint: "rebuild alloclab and its workloads together"}
}

// Bytes reads a size as an experiment file writes it, such as "40GiB". The
// error says what is wrong with it.
func Bytes(text string) (int64, error) {
	v, err := Option{Kind: KindBytes, Min: 1, Max: 1 << 50}.convert(text)
	if err != nil {
		if err.Hint != "" {
			err.Text += "; " + err.Hint
		}
		return 0, errors.New(err.Text)
	}
	return v.(int64), nil
}

func (o Option) bytes(v any) (any, *Error) {
	n, ok := v.(int64)
	if s, isText := v.(string); isText {
		q, err := quantity(s, byteUnits, "512MiB")
		if err != nil {
			return nil, err
		}
		if !q.IsInt() {
			return nil, &Error{Text: show(s) + " is not a whole number of bytes"}
		}
		if !q.Num().IsInt64() {
			return nil, &Error{Text: show(s) + " is more bytes than a process can count"}
		}
		n, ok = q.Num().Int64(), true
	}
	if !ok {
		return nil, mistyped(v, `a size, such as 4096 or "512MiB"`)
	}
	return n, o.inRange(float64(n))
}

func (o Option) seconds(v any) (any, *Error) {
	s, ok := v.(string)
	if !ok {
		err := mistyped(v, `a duration with its unit, such as "30s" or "500ms"`)
		if n, ok := v.(int64); ok && n >= 0 {
			err.Hint = fmt.Sprintf("write \"%ds\"", n)
		}
		return nil, err
	}
	q, err := quantity(s, timeUnits, "30s")
	if err != nil {
		return nil, err
	}
	f, _ := q.Float64()
	return f, o.inRange(f)
}

// inRange compares with the option's bounds; an option whose bounds are both
// zero has none. It is written so that NaN fails.
func (o Option) inRange(f float64) *Error {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return &Error{Text: "must be finite"}
	}
	if o.Min == 0 && o.Max == 0 || f >= o.Min && f <= o.Max {
		return nil
	}
	return &Error{Text: fmt.Sprintf("is out of range: %s to %s", o.format(o.Min), o.format(o.Max))}
}

// format writes a bound as the user would write the value.
func (o Option) format(f float64) string {
	suffix := ""
	if f >= math.MaxInt64 {
		return strconv.Itoa(math.MaxInt64) // the float64 of it is one more
	}
	switch o.Kind {
	case KindDuration:
		suffix = "s"
	case KindBytes:
		for _, u := range slices.Backward(byteUnits[1:5]) {
			if f != 0 && math.Mod(f, float64(u.num)) == 0 {
				return strconv.FormatFloat(f/float64(u.num), 'f', -1, 64) + u.name
			}
		}
	}
	return strconv.FormatFloat(f, 'f', -1, 64) + suffix
}

// initial is the checked default of a parameter. A manifest is JSON, so whole
// numbers come as float64 and durations as seconds or as text.
func (o Option) initial() (any, *Error) {
	v := o.Default
	if n, ok := v.(int); ok {
		v = int64(n)
	}
	if o.Kind == KindDuration {
		switch n := v.(type) {
		case int64:
			return float64(n), o.inRange(float64(n))
		case float64:
			return n, o.inRange(n)
		}
	}
	if f, ok := v.(float64); ok && o.Kind != KindFraction && math.Trunc(f) == f {
		n, _ := big.NewFloat(f).Int64()
		v = n
	}
	return o.convert(v)
}

// text takes only what can be printed: names end up in terminals, pages and
// file names, where control and direction characters deceive.
func text(v any) (any, *Error) {
	s, ok := v.(string)
	switch {
	case !ok:
		return nil, mistyped(v, `a string, such as "abc"`)
	case strings.TrimSpace(s) == "":
		return nil, &Error{Text: "is empty", Hint: "write a name or leave the key out"}
	case utf8.RuneCountInString(s) > maxText:
		return nil, &Error{Text: fmt.Sprintf("is longer than %d characters", maxText)}
	case strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }):
		return nil, &Error{Text: "holds a character that cannot be printed: " + show(s)}
	}
	return s, nil
}

func mistyped(v any, want string) *Error {
	return &Error{Text: fmt.Sprintf("takes %s, not %s", want, show(v))}
}

// show writes a decoded value for an error: short, on one line, printable.
func show(v any) string {
	switch v := v.(type) {
	case string:
		if r := []rune(v); len(r) > 60 {
			v = string(r[:60]) + "…"
		}
		return strconv.Quote(v)
	case float64:
		s := strconv.FormatFloat(v, 'g', -1, 64)
		if !strings.ContainsAny(s, ".eIN") {
			s += ".0" // so that 2.0 is seen to be no whole number
		}
		return s
	case int64, bool:
		return fmt.Sprint(v)
	case []any, []map[string]any:
		return "a list"
	case map[string]any:
		return "a table"
	}
	return "a date"
}
