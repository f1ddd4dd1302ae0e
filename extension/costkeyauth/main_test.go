package costkeyauth

import (
	"testing"

	"github.com/costkey/costkey-otel/storage/storagetest"
)

func TestMain(m *testing.M) { storagetest.Main(m) }
