package samecall

// BaseModel returns m as models are compared.
func BaseModel(m string) string { return baseModel(m) }
