package page

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// devtools drives Chromium by its DevTools protocol over a pair of pipes,
// which takes no library: a message is JSON and ends in a zero byte. A window
// of a headless Chromium is at least 500 px wide, so that a phone's width can
// be had in this way only.
type devtools struct {
	t       *testing.T
	to      *os.File
	from    *bufio.Reader
	session string
	id      int
	events  []message // seen while waiting for answers
}

type message struct {
	ID     int             `json:"id"`
	Method string          `json:"method"`
	Params json.RawMessage `json:"params"`
	Result json.RawMessage `json:"result"`
	Error  *struct {
		Message string `json:"message"`
	} `json:"error"`
}

// window opens a page of an emulated device.
func window(t *testing.T, width, height int, dark bool) *devtools {
	t.Helper()
	program, err := exec.LookPath("chromium")
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("chromium is missing, and CI is set")
		}
		t.Skip("chromium is missing: nothing can be said of what a browser makes of the page")
	}
	theirs, to, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	from, ours, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	profile, err := os.MkdirTemp("", "alloclab-chromium-")
	if err != nil {
		t.Fatal(err)
	}
	command := exec.Command(program,
		"--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
		"--disable-component-update", "--disable-sync", "--disable-dev-shm-usage", "--user-data-dir="+profile, "--remote-debugging-pipe", "about:blank")
	command.ExtraFiles = []*os.File{theirs, ours} // descriptors 3 and 4
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	_, _ = theirs.Close(), ours.Close()
	if err := from.SetReadDeadline(time.Now().Add(90 * time.Second)); err != nil {
		t.Fatal(err)
	}
	d := &devtools{t: t, to: to, from: bufio.NewReader(from)}
	t.Cleanup(func() {
		d.session = ""
		_ = d.send("Browser.close", nil)
		timer := time.AfterFunc(5*time.Second, func() { _ = command.Process.Kill() })
		_ = command.Wait()
		timer.Stop()
		_, _ = to.Close(), from.Close()
		_ = os.RemoveAll(profile)
	})
	var target struct{ TargetID string }
	d.call("Target.createTarget", map[string]any{"url": "about:blank"}, &target)
	var attached struct{ SessionID string }
	d.call("Target.attachToTarget", map[string]any{"targetId": target.TargetID, "flatten": true}, &attached)
	d.session = attached.SessionID
	scheme := "light"
	if dark {
		scheme = "dark"
	}
	d.call("Emulation.setDeviceMetricsOverride", map[string]any{"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}, nil)
	d.call("Emulation.setEmulatedMedia", map[string]any{"features": []any{map[string]any{"name": "prefers-color-scheme", "value": scheme}}}, nil)
	for _, domain := range []string{"Page", "Runtime", "Network", "Log"} {
		d.call(domain+".enable", nil, nil)
	}
	return d
}

func (d *devtools) send(method string, params any) error {
	d.id++
	m := map[string]any{"id": d.id, "method": method}
	if params != nil {
		m["params"] = params
	}
	if d.session != "" {
		m["sessionId"] = d.session
	}
	text, err := json.Marshal(m)
	if err == nil {
		_, err = d.to.Write(append(text, 0))
	}
	return err
}

// call sends a command and waits for its answer.
func (d *devtools) call(method string, params, result any) {
	d.t.Helper()
	if err := d.send(method, params); err != nil {
		d.t.Fatal(err)
	}
	for id := d.id; ; {
		m := d.next()
		if m.ID != id {
			d.events = append(d.events, m)
			continue
		}
		if m.Error != nil {
			d.t.Fatalf("%s: %s", method, m.Error.Message)
		}
		if result != nil {
			if err := json.Unmarshal(m.Result, result); err != nil {
				d.t.Fatal(err)
			}
		}
		return
	}
}

func (d *devtools) next() (m message) {
	d.t.Helper()
	text, err := d.from.ReadBytes(0)
	if err == nil {
		err = json.Unmarshal(text[:len(text)-1], &m)
	}
	if err != nil {
		d.t.Fatalf("chromium: %v", err)
	}
	return m
}

// open goes to a file and waits until it is loaded; it returns how long.
func (d *devtools) open(path string) time.Duration {
	d.t.Helper()
	start := time.Now()
	d.call("Page.navigate", map[string]any{"url": "file://" + path}, nil)
	for loaded := false; !loaded; {
		for _, e := range d.events {
			loaded = loaded || e.Method == "Page.loadEventFired"
		}
		if !loaded {
			d.events = append(d.events, d.next())
		}
	}
	return time.Since(start)
}

// eval gives the value of an expression.
func (d *devtools) eval(expression string) (value any) {
	d.t.Helper()
	var answer struct {
		Result           struct{ Value any }
		ExceptionDetails *struct{ Text string }
	}
	d.call("Runtime.evaluate", map[string]any{"expression": expression, "returnByValue": true, "awaitPromise": true}, &answer)
	if answer.ExceptionDetails != nil {
		d.t.Fatalf("%s: %s", expression, answer.ExceptionDetails.Text)
	}
	return answer.Result.Value
}

// mouse moves and presses; kind is mouseMoved, mousePressed or mouseReleased.
func (d *devtools) mouse(kind string, x, y float64) {
	d.t.Helper()
	buttons := 0
	if kind == "mousePressed" {
		buttons = 1
	}
	d.call("Input.dispatchMouseEvent", map[string]any{"type": kind, "x": x, "y": y, "button": "left", "buttons": buttons, "clickCount": 1}, nil)
}

// complaints are errors of scripts, broken rules of the policy, and requests
// for anything but the page itself.
func (d *devtools) complaints(page string) []string {
	d.eval("1") // all events before it are here then
	var all []string
	for _, e := range d.events {
		text := string(e.Params)
		switch {
		case strings.Contains(text, "willReadFrequently"): // that is the tests' own doing
		case e.Method == "Runtime.exceptionThrown", e.Method == "Log.entryAdded":
			all = append(all, text)
		case e.Method == "Network.requestWillBeSent" && !strings.Contains(text, filepath.Base(page)):
			all = append(all, "request: "+text)
		}
	}
	return all
}

// picture keeps a picture of what the window shows, where -keep asks for it;
// from is how far it is scrolled, and height how much is taken.
func (d *devtools) picture(name string, from, height float64) {
	if *keep == "" {
		return
	}
	var shot struct{ Data string }
	d.call("Page.captureScreenshot", map[string]any{"captureBeyondViewport": true,
		"clip": map[string]any{"x": 0, "y": from, "width": d.eval("innerWidth"), "height": height, "scale": 1}}, &shot)
	image, err := base64.StdEncoding.DecodeString(shot.Data)
	if err == nil {
		err = os.WriteFile(filepath.Join(*keep, fmt.Sprintf("%s.png", name)), image, 0o600)
	}
	if err != nil {
		d.t.Fatal(err)
	}
}
