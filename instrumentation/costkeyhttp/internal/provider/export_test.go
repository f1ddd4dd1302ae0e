package provider

// ReadEveryEvent has the reader pass over none. Call it after Init.
func ReadEveryEvent(r *Reader) { r.repeats.may = false }
