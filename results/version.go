package results

import (
	"encoding/json"
	"errors"
	"fmt"
)

// ErrNewer is wrapped by the error for data that a newer alloclab wrote. Its
// figures may mean something else, so it is refused and not guessed at.
var ErrNewer = errors.New("written by a newer alloclab")

// checkVersion looks at nothing but the version of a JSON object, so that a
// newer one is named as such even where its other fields no longer fit.
// There is one version so far; an upgrade of older ones belongs here.
func checkVersion(text []byte) error { return checkVersionOf(text, Version) }

// checkVersionOf is checkVersion for data with a version of its own.
func checkVersionOf(text []byte, known int) error {
	var head struct {
		V *int `json:"v"`
	}
	if err := json.Unmarshal(text, &head); err != nil {
		return err
	}
	switch {
	case head.V == nil:
		return errors.New(`no version (field "v")`)
	case *head.V > known:
		return fmt.Errorf("%w: version %d, and this one reads up to %d: update alloclab", ErrNewer, *head.V, known)
	case *head.V < 1:
		return fmt.Errorf("no such version: %d", *head.V)
	}
	return nil
}
