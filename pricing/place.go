package pricing

import "strings"

// Geographies whose prices are lists of their own.
const (
	areaUSGov = "us-gov"
	areaChina = "cn"
)

// placeOf returns where a call ran, "" where that is not told or is the place that the list price is for: what the
// answer says, else the region that a host of the provider names, else that of the ARN that was called. Claude says
// "not_available" wherever Anthropic does not run it itself.
func (p *provider) placeOf(q *Query) string {
	where := strings.TrimSpace(q.Residency)
	if strings.EqualFold(where, "global") {
		return ""
	}
	if where == "" || strings.EqualFold(where, "not_available") || strings.EqualFold(where, "default") {
		where = p.placeOfHost(q.Host)
	}
	if where == "" && p.form == formBedrock {
		where = regionOfARN(q.RequestModel)
	}
	return where
}

// placeOfHost returns the region in a host name of the provider, "" where there is none.
func (p *provider) placeOfHost(host string) string {
	switch {
	case host == "":
		return ""
	case p.form == formBedrock:
		return regionInHost(host)
	case p.id == "gcp.vertex_ai":
		return vertexPlace(host)
	case strings.HasSuffix(host, ".azure.us"):
		return areaUSGov
	case strings.HasSuffix(host, ".azure.cn"):
		return areaChina
	case strings.HasPrefix(p.id, "azure."):
		return "" // the first label is the name of a resource, whatever it looks like
	}
	region, rest, ok := strings.Cut(host, ".") // "eu.api.openai.com", "us-east-1.api.x.ai"
	if !ok || !isPlace(region) {
		return ""
	}
	for _, h := range p.hosts {
		if strings.EqualFold(rest, h) {
			return region
		}
	}
	return ""
}

// vertexPlace returns the location of Vertex AI's hosts: "us-east5" of "us-east5-aiplatform.googleapis.com", "eu" of
// "aiplatform.eu.rep.googleapis.com". The host without one is the global endpoint.
func vertexPlace(host string) string {
	if location, ok := strings.CutSuffix(host, "-aiplatform.googleapis.com"); ok {
		return location
	}
	if location, ok := strings.CutSuffix(host, ".rep.googleapis.com"); ok {
		location, _ = strings.CutPrefix(location, "aiplatform.")
		return location
	}
	return ""
}

// regionInHost returns the label of an AWS host that is a region: "bedrock-runtime.us-east-1.amazonaws.com".
func regionInHost(host string) string {
	for host != "" {
		var label string
		label, host, _ = strings.Cut(host, ".")
		if isRegion(label) && label[2] == '-' { // not "vpce-…"
			return label
		}
	}
	return ""
}

// regionOfARN returns the region of an ARN, its fourth part.
func regionOfARN(id string) string {
	if !hasPrefixFold(id, "arn:") {
		return ""
	}
	for range 3 {
		_, id, _ = strings.Cut(id, ":")
	}
	region, _, _ := strings.Cut(id, ":")
	return region
}

// isPlace reports whether a word names a place: two letters, anyRegion, a geography or a region.
func isPlace(word string) bool {
	return len(word) == 2 && isLetters(word) || word == anyRegion || word == areaUSGov || isRegion(word)
}

// isRegion reports whether a word is laid out like a cloud's region: "us-east-1", "us-gov-west-1", "europe-west4".
func isRegion(word string) bool {
	head, tail, ok := strings.Cut(word, "-")
	if !ok || len(head) < 2 || !isLetters(head) {
		return false
	}
	for {
		part, rest, more := strings.Cut(tail, "-")
		if !more {
			digits := strings.TrimLeft(part, "abcdefghijklmnopqrstuvwxyz")
			return digits != "" && strings.Trim(digits, "0123456789") == ""
		}
		if !isLetters(part) {
			return false
		}
		tail = rest
	}
}

func isLetters(s string) bool {
	return s != "" && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz") == ""
}

// geography returns the part of a region that tells where on earth it is, and whether it is one with price lists of its
// own.
func geography(where string) (area string, sovereign bool) {
	if hasPrefixFold(where, areaUSGov) {
		return areaUSGov, true
	}
	area, _, _ = strings.Cut(where, "-")
	return area, strings.EqualFold(area, areaChina)
}
