// Package snapshot writes the whole store into one portable, checksummed file,
// and reads such files back. They are backups, the way from one database to
// the other, and what is served while the database can't be reached.
//
// A file is JSON Lines in zstd, so that `zstd -dc` shows it:
//
//	{"format":"musette-snapshot","version":1,"created":"2026-05-22T09:00:00Z","epoch":"…","seq":812,"program":"musette …"}
//	{"t":"meta","r":{…}}                        a line per row, in the order of [store.Store.Tables]
//	{"t":"activities","r":{…}}
//	{"rows":{"activities":1,"meta":1},"content":"…","sha256":"…"}
//
// sha256 is that of all lines before the trailer, content the [ContentHash].
// Behind the zstd data, in a frame that zstd tools skip, come the header and
// the trailer once more, so that a list of files needs no decompression, and
// the SHA-256 of every byte of the file before it: a file with one byte changed
// or missing is refused, wherever that byte is. The hashes tell damage, not
// forgery. Tokens are in it as the store has them, sealed.
//
// [Write] gives a file its name only when it was synced, read back and found to
// hold what the store yielded. Writing, verifying and loading work in constant
// memory.
package snapshot
