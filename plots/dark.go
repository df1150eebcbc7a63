package plots

import (
	"fmt"
	"image/color"
)

// darkPaper is what figures stand on in a dark page.
var darkPaper = color.RGBA{0x16, 0x19, 0x1d, 0xff}

// darkInks gives each colour of the theme its counterpart on dark paper: the
// same hue, lighter, so that an allocator is still known by its colour. What
// is not here stays as it is: bars that carry their own ink.
var darkInks = map[color.RGBA]color.RGBA{
	whitePaper: darkPaper,
	inkTitle:   {0xf0, 0xf2, 0xf4, 0xff},
	inkText:    {0xd5, 0xda, 0xde, 0xff},
	inkNote:    {0xa2, 0xab, 0xb3, 0xff},
	inkMark:    {0x6d, 0x75, 0x7d, 0xff},
	inkGrid:    {0x2b, 0x30, 0x36, 0xff},
	inkLive:    {0x98, 0xa2, 0xab, 0xff},
	fillLive:   {0x24, 0x29, 0x2e, 0xff},
	inkAlarm:   {0xff, 0x7d, 0x8f, 0xff},

	allocatorColours["ptmalloc"]:  {0xf0, 0x8a, 0x3c, 0xff},
	allocatorColours["jemalloc"]:  {0x4f, 0xb0, 0xec, 0xff},
	allocatorColours["tcmalloc"]:  {0x2c, 0xc7, 0x9a, 0xff},
	allocatorColours["mimalloc"]:  {0xe0, 0x9c, 0xc4, 0xff},
	allocatorColours["tbbmalloc"]: {0xf0, 0xb8, 0x40, 0xff},
	allocatorColours["pages"]:     {0xb9, 0xbf, 0xc5, 0xff},

	otherColours[1]: {0xd9, 0x62, 0x9c, 0xff},
	otherColours[2]: {0xc2, 0xc2, 0x55, 0xff},
	otherColours[3]: {0x8f, 0x80, 0xe8, 0xff},
	otherColours[4]: {0xd9, 0x69, 0x4f, 0xff},

	// Boxes that would vanish on dark paper.
	{0x2e, 0x3a, 0x47, 0xff}: {0x5c, 0x70, 0x86, 0xff},
	{0x5c, 0x46, 0x1a, 0xff}: {0x80, 0x63, 0x2b, 0xff},
}

// DarkColours are the colours that a dark page puts in the place of those of
// the figures, as "#RRGGBB" in upper case, as SVG has them.
func DarkColours() map[string]string {
	colours := map[string]string{}
	for light, dark := range darkInks {
		colours[hexOf(light)] = hexOf(dark)
	}
	for _, light := range allocatorColours {
		colours[hexOf(mix(light, whitePaper))] = hexOf(mix(inDark(light), darkPaper))
	}
	for _, light := range otherColours {
		colours[hexOf(mix(light, whitePaper))] = hexOf(mix(inDark(light), darkPaper))
	}
	return colours
}

func inDark(c color.RGBA) color.RGBA {
	if dark, ok := darkInks[c]; ok {
		return dark
	}
	return c
}

func hexOf(c color.RGBA) string { return fmt.Sprintf("#%02X%02X%02X", c.R, c.G, c.B) }

// Look is how a variant is drawn, for a page that draws curves itself.
type Look struct {
	Colour string    // "#RRGGBB"; DarkColours has its counterpart
	Dashes []float64 // points; nil is solid
}

// Looks are the looks of a cell's variants, the same as in the figures.
func Looks(series []CellSeries) []Look {
	var looks []Look
	for _, s := range looksOf(series) {
		look := Look{Colour: hexOf(s.colour)}
		for _, d := range s.dashes {
			look.Dashes = append(look.Dashes, float64(d))
		}
		looks = append(looks, look)
	}
	return looks
}
