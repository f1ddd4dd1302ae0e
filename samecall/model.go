package samecall

import "strings"

// modelsAgree reports whether any model of a is one of b's.
func modelsAgree(a, b *Facts) bool {
	return sameModel(a.ResponseModel, b.ResponseModel) || sameModel(a.RequestModel, b.RequestModel) ||
		sameModel(a.RequestModel, b.ResponseModel) || sameModel(a.ResponseModel, b.RequestModel)
}

// answeredModelsAgree compares the answered models, or what stands for them.
func answeredModelsAgree(a, b *Facts) bool {
	answered := func(f *Facts) string {
		if f.ResponseModel != "" {
			return f.ResponseModel
		}
		return f.RequestModel
	}
	return sameModel(answered(a), answered(b))
}

func sameModel(a, b string) bool {
	a, b = baseModel(a), baseModel(b)
	return a != "" && strings.EqualFold(a, b)
}

// baseModel cuts off a model's id what one library writes and another does not: the way to it, its region and vendor at
// Bedrock, its version and date.
func baseModel(m string) string {
	m = m[strings.LastIndexByte(m, '/')+1:]
	for _, region := range [...]string{"us.", "eu.", "apac.", "global."} {
		m = strings.TrimPrefix(m, region)
	}
	for _, vendor := range [...]string{"anthropic.", "amazon.", "meta.", "cohere.", "mistral.", "ai21."} {
		m = strings.TrimPrefix(m, vendor)
	}
	if i := strings.LastIndex(m, "-v"); i > 0 && strings.IndexByte(m[i:], ':') > 0 {
		m = m[:i]
	}
	m, _, _ = strings.Cut(m, "@")
	m = strings.TrimSuffix(m, "-latest")
	return cutDate(m)
}

// cutDate cuts -2024-08-06 or -20250514 off the end.
func cutDate(m string) string {
	if n := len(m) - 11; n > 0 && m[n] == '-' && m[n+5] == '-' && m[n+8] == '-' && digits(m[n+1:]) == 4 &&
		digits(m[n+6:]) == 2 && digits(m[n+9:]) == 2 {
		return m[:n]
	}
	if n := len(m) - 9; n > 0 && m[n] == '-' && digits(m[n+1:]) == 8 {
		return m[:n]
	}
	return m
}

// digits counts the digits that s begins with.
func digits(s string) int {
	n := 0
	for n < len(s) && s[n] >= '0' && s[n] <= '9' {
		n++
	}
	return n
}
