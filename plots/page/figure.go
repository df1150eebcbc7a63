package page

import (
	"bytes"
	"fmt"
	"html/template"
	"maps"
	"regexp"
	"slices"
	"strings"

	"alloclab/plots"
	"alloclab/results"
)

// maxDrawn bounds the bytes of all figures that stand in the page; the rest
// are linked to, as files beside it.
const maxDrawn = 6 << 20

// inlined is a figure in the page, or only its file's name.
type inlined struct {
	Kind, Title string
	File        string // relative to the page
	SVG         template.HTML
	Hidden      bool // for readers without script only: a live chart shows the same
}

// inline takes figures into the page.
func (p *page) inline(drawings []plots.Drawing) ([]inlined, error) {
	var all []inlined
	for _, d := range drawings {
		f := inlined{Kind: d.Kind, Title: d.Title, File: results.FiguresDir + "/" + d.Name + ".svg", Hidden: d.Kind == plots.KindRSS}
		svg, err := p.svg(d)
		if err != nil {
			return nil, err
		}
		if p.budget.takeDrawing(len(svg)) {
			f.SVG = template.HTML(svg) // drawn by us; its names are escaped by the drawing
		}
		all = append(all, f)
	}
	return all, nil
}

var (
	svgColour = regexp.MustCompile(`#[0-9A-F]{6}`)
	svgFont   = regexp.MustCompile(`font-family:[^;]*;font-variant:normal;font-weight:(normal|bold);font-style:normal;`)
	svgHead   = regexp.MustCompile(`(?s)^.*?<svg [^>]*viewBox="([^"]*)"[^>]*>`)
	svgStyle  = regexp.MustCompile(`style="[^"]*"`)
)

// svg is a drawing as part of a page: its colours may be exchanged for those
// of a dark page, its font is the page's.
func (p *page) svg(d plots.Drawing) (string, error) {
	var out bytes.Buffer
	if err := d.WriteSVG(&out); err != nil {
		return "", err
	}
	text := out.String()
	head := svgHead.FindStringSubmatch(text)
	if head == nil {
		return "", fmt.Errorf("figure %s: no drawing in it", d.Name)
	}
	text = fmt.Sprintf(`<svg viewBox="%s" role="img" aria-label="%s">`, head[1], template.HTMLEscapeString(d.Title)) + text[len(head[0]):]
	text = svgStyle.ReplaceAllStringFunc(text, func(style string) string {
		style = svgFont.ReplaceAllStringFunc(style, func(font string) string {
			if strings.Contains(font, "bold") {
				return "font-weight:bold;"
			}
			return ""
		})
		return svgColour.ReplaceAllStringFunc(style, func(colour string) string {
			if _, ok := p.dark[colour]; ok {
				return "var(" + variable(colour) + ")"
			}
			return colour
		})
	})
	return text, nil
}

// variable is the name under which the page's style holds a colour.
func variable(colour string) string { return "--c" + strings.ToLower(colour[1:]) }

// darkStyle defines every colour that differs between a light and a dark page.
func (p *page) darkStyle() string {
	var light, dark strings.Builder
	for _, colour := range slices.Sorted(maps.Keys(p.dark)) {
		fmt.Fprintf(&light, "%s:%s;", variable(colour), colour)
		fmt.Fprintf(&dark, "%s:%s;", variable(colour), p.dark[colour])
	}
	return ":root{" + light.String() + "}\n@media screen and (prefers-color-scheme:dark){:root{" + dark.String() + "}}\n"
}
