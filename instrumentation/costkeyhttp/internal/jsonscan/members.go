package jsonscan

// Merge lays the members of the compact object over over those of the compact object base: a member of over takes the
// place of the one of its name. Members that would make the result longer than [MaxCompact] are left out. The result
// may use base's memory. An empty base is an empty object.
func Merge(base, over []byte) []byte {
	for key, member := range members(over) {
		base = appendMember(AppendWithout(base[:0], base, key), member)
	}
	return base
}

// AppendWithout appends to dst the compact object obj without its member key. dst may be obj[:0].
func AppendWithout[K string | []byte](dst, obj []byte, key K) []byte {
	dst = append(dst, '{')
	for name, member := range members(obj) {
		if string(name) == string(key) {
			continue
		}
		if dst[len(dst)-1] != '{' {
			dst = append(dst, ',')
		}
		dst = append(dst, member...)
	}
	return append(dst, '}')
}

// appendMember puts one more member into the compact object obj.
func appendMember(obj, member []byte) []byte {
	if len(obj)+1+len(member) > MaxCompact {
		return obj
	}
	obj = obj[:len(obj)-1]
	if obj[len(obj)-1] != '{' {
		obj = append(obj, ',')
	}
	obj = append(obj, member...)
	return append(obj, '}')
}

// members yields the members of a compact object, each with its key and as it stands, key included. Compact objects
// hold no escapes.
func members(obj []byte) func(yield func(key, member []byte) bool) {
	return func(yield func(key, member []byte) bool) {
		depth, quoted, start := 0, false, 1
		for i, b := range obj {
			switch {
			case b == '"':
				quoted = !quoted
			case quoted:
			case b == '{' || b == '[':
				depth++
			case b == '}' || b == ']':
				depth--
			}
			if !quoted && (depth == 0 || (depth == 1 && b == ',')) && i > start {
				if !yield(keyOf(obj[start:i]), obj[start:i]) {
					return
				}
				start = i + 1
			}
		}
	}
}

func keyOf(member []byte) []byte {
	for i := 1; i < len(member); i++ {
		if member[i] == '"' {
			return member[1:i]
		}
	}
	return nil
}
