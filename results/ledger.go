package results

import "encoding/json"

// MarshalJSON leaves rounding out where it is no account: absent, not 0.
func (l Ledger) MarshalJSON() ([]byte, error) {
	type plain Ledger
	if !l.LiveIsUsable {
		return json.Marshal(plain(l))
	}
	return json.Marshal(struct {
		plain
		Rounding *int64 `json:"rounding,omitempty"`
	}{plain: plain(l)})
}
