// Package plan decides which calls to make next, and when to wake. It is pure: state and time in, decisions out.
//
// Three questions, three functions:
//
//   - [Policy.Schedule]: which parts of an activity are due, when and in which class, given its view. Asked when
//     something about the activity has changed.
//   - [Policy.Succeeded], [Policy.Failed] and their like: what follows for a part from one answer.
//   - [Next]: which of the due calls to make now, given what the quota allows and how the host behaves.
//
// A due time is set when something is learnt, never found by looking through everything: the store keeps due times
// in an index, and a decision looks at a handful of candidates however many activities there are.
package plan
