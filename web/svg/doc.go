// Package svg draws pictures for the page as SVG text: routes, alone and many together, profiles and charts,
// and cards for places without scripts. It is
// pure and asks nothing of the network; the same input gives the same bytes.
//
// A drawing inside a page takes its colours from the CSS variables --route (the line) and
// --ground (what is behind it). It uses presentation attributes only, no style attributes,
// so a strict Content-Security-Policy leaves it whole. A drawing that is a file of its own
// carries its colours, for light and dark; where its <style> is not allowed, the light ones
// remain.
package svg
