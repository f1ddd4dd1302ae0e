package genaispan

// keyTable finds the rule of a key. It is asked for every attribute of every span, where a map of strings is the most
// expensive part of reading a span. So it is a table of open addressing whose hash looks at four bytes of the key; the
// key itself is compared, so that a bad hash costs time alone. TestEveryKeyIsListedOnceAndFound compares it with the list.
type keyTable [keyTableSize]uint16 // index in rules + 1, 0 is empty

const keyTableSize = 1024 // a power of two, some five times the number of rules

var byKey = newKeyTable()

func newKeyTable() *keyTable {
	var t keyTable
	for i := range rules {
		h := keyHash(rules[i].key)
		for t[h] != 0 {
			h = (h + 1) % keyTableSize
		}
		t[h] = uint16(i + 1)
	}
	return &t
}

func keyHash(k string) uint32 {
	n := len(k)
	if n == 0 {
		return 0
	}
	h := uint32(n)*0x9e3779b1 ^ uint32(k[n-1])*0x85ebca6b ^ uint32(k[n/2])*0xc2b2ae35 ^ uint32(k[n*3/4])*0x27d4eb2f ^
		uint32(k[n/3])*0x165667b1
	return (h ^ h>>15) % keyTableSize
}

// ruleOf returns the index of the rule of key k, -1 where there is none.
func ruleOf(k string) int {
	for h := keyHash(k); byKey[h] != 0; h = (h + 1) % keyTableSize {
		if i := int(byKey[h]) - 1; rules[i].key == k {
			return i
		}
	}
	return -1
}
