package costkeyexporter_test

import (
	"testing"

	"github.com/costkey/costkey-otel/storage/storagetest"
)

func TestMain(m *testing.M) { storagetest.Main(m) }
