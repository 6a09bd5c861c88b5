// Package gallery keeps the pictures of photos: it fetches each once, from the address in the photos' document, and has it
// from then on, whatever becomes of the address.
//
//	views in the store ─ scan: which photos there are ─ fetch ─ picture.Make ─ files, or rows on Postgres ─ Read
//
// Which pictures there are, where each comes from, under which hash it is kept and what went wrong is a row of the table
// pictures, so it is in every snapshot. The bytes are not: beside an SQLite database they are files in a directory, by
// athlete and SHA-256, on Postgres rows of their own, so that every instance has them. Copies lie beside the snapshots,
// where [Gallery.Backup] puts them and where missing ones are looked for.
//
// Addresses of pictures cost no calls, and are asked a few at a time. A host that doesn't answer as it should is left in
// peace for a while, which counts against no picture; a picture that can't be had is tried again after ten minutes, an
// hour, six hours and a day, and from the fifth failure on once a month.
//
// A picture that no view shows any more stays as long as some document names its photo, older documents included, and
// for a while after. When an athlete leaves, theirs go at once.
package gallery
