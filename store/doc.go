// Package store keeps documents, states, grants, the ledger of calls and the inbox in SQL: in an SQLite file of its
// own (the default), or in Postgres. One text of SQL serves both; what differs is in the two folders of migrations and
// in dialect.go.
//
// Every access is one transaction, [Store.Update] or [Store.View]:
//
//	Update: begin ─ fence? ─ fn ─ tallies, counts, change numbers ─ commit     all or nothing, one after the other
//	View:   begin ─ fn                                                         one moment, beside writers
//
// What holds:
//
//   - Bytes come back as they went in. A body is kept compressed, with the SHA-256 of its plain bytes.
//   - Every row has a checksum, and every read verifies it; per athlete, the number of activities, documents and part
//     states and the XOR of their checksums move in the same transaction, so that a missing row shows too. A bad row
//     is a [DamageError]; it never hides the good ones beside it.
//   - Changes of what readers see are numbered without a gap, in the order of the commits. A number belongs to an epoch,
//     which is new after a restore.
//   - An Update fenced by a [Lease] is kept only if that lease was held when it began and nobody took it before it
//     ended.
//   - What is due is found by index, however much isn't.
//
// Errors that concern the database as a whole are [Error]s of a kind to branch on: [ErrUnreachable], [ErrDiskFull],
// [ErrReadOnly], [ErrCorrupt], [ErrNewerSchema] and the others.
package store
