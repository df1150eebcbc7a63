package configs

import (
	"fmt"
	"math/big"
	"regexp"
	"strings"
)

// unit is a unit of size or time, as a fraction of the base unit. Quantities
// are exact fractions until they are whole bytes or the nearest seconds: no
// product can overflow, and "1s" equals "1000ms".
type unit struct {
	name     string
	num, den int64
}

var byteUnits = []unit{
	{"B", 1, 1},
	{"KiB", 1 << 10, 1}, {"MiB", 1 << 20, 1}, {"GiB", 1 << 30, 1}, {"TiB", 1 << 40, 1},
	{"KB", 1e3, 1}, {"MB", 1e6, 1}, {"GB", 1e9, 1}, {"TB", 1e12, 1},
}

var timeUnits = []unit{
	{"ns", 1, 1e9}, {"us", 1, 1e6}, {"ms", 1, 1e3}, {"s", 1, 1},
	{"m", 60, 1}, {"h", 3600, 1}, {"d", 86400, 1},
}

// The length is bounded because the work to read a number grows faster than it.
var quantityForm = regexp.MustCompile(`^(-?[0-9]{1,30}(?:\.[0-9]{1,30})?) ?([A-Za-zµ]{0,10})$`)

// quantity reads a number and its unit. The error says what is wrong with the
// text; it carries no place.
func quantity(text string, units []unit, example string) (*big.Rat, *Error) {
	match := quantityForm.FindStringSubmatch(text)
	if match == nil {
		return nil, &Error{Text: fmt.Sprintf("cannot read %s: write one number and its unit, such as %q", show(text), example)}
	}
	names := make([]string, len(units))
	for i, u := range units {
		if names[i] = u.name; u.name == match[2] {
			number, _ := new(big.Rat).SetString(match[1]) // the form above is always a number
			return number.Mul(number, big.NewRat(u.num, u.den)), nil
		}
	}
	if match[2] == "" {
		return nil, &Error{
			Text: fmt.Sprintf("has no unit in %s", show(text)),
			Hint: fmt.Sprintf("write a unit, such as %q", example),
		}
	}
	fault := &Error{Text: fmt.Sprintf("has an unknown unit in %s: the units are %s", show(text), strings.Join(names, ", "))}
	if near := nearest(match[2], names); near != "" {
		fault.Hint = fmt.Sprintf("did you mean %q?", match[1]+near)
	}
	return nil, fault
}
