// Package content makes the content attributes of a span, gen_ai.input.messages and the others, out of the bodies of a
// call. It holds no more of a body than it was told to, and what it does not understand it hands over as it came. It is
// used where the program asked for bodies, and nowhere else.
package content
