package genaispan

import "go.opentelemetry.io/collector/pdata/ptrace"

func readBodies(span ptrace.Span, dst *Call) {}
