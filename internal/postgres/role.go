package postgres

import (
	"bytes"
	"context"
	"crypto/rand"
	_ "embed"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// superuserName is the role that initdb makes. Nobody can connect as it: it has no password, and accessRules has no line
// for it but a refusal. It is for the server's own processes and for single-user mode.
const superuserName = "postgres"

// roleSQL makes the role of the DSN and gives it the database, in a cluster of before the role, too.
//
//go:embed role.sql
var roleSQL string

// accessHeader is the first line of the rules, by which rules of before the role are told from these.
const accessHeader = "# Made by CostKey: who may connect to this cluster. Every other connection is refused.\n"

// accessRules are a cluster's pg_hba.conf. A connection needs a password also where it comes from the account that the
// server runs under, which may be nobody's or that of other servers.
const accessRules = accessHeader +
	"local  all  " + superuserName + "  reject\n" +
	"local  all  all       scram-sha-256\n"

// passPrefix is what stands before the password in the password file, which has the format of ~/.pgpass.
const passPrefix = "*:*:*:" + roleName + ":"

// prepareRole makes sure that the role of the DSN can connect to the cluster with the password of the password
// file, and nobody without. No server may run on the cluster. It does nothing where it was done before.
//
// The password file is written last, so that what a kill leaves half done is done again, with a new password.
func (s *Server) prepareRole(ctx context.Context, cluster string) error {
	password, known := readPassword(s.layout.passFile())
	if known && hasAccessRules(cluster) {
		return nil
	}
	if !known {
		password = rand.Text()
	}
	// The password has letters and digits only. Where ALTER ROLE fails its text must not be quoted.
	input := roleSQL + fmt.Sprintf("\nALTER ROLE %s LOGIN %s PASSWORD '%s';\n\n",
		roleName, strings.Join(s.cfg.RoleOptions, " "), password)
	err := s.singleUser(ctx, cluster, databaseName, input,
		"-j", "-c", "allow_system_table_mods=on", "-c", "log_min_error_statement=panic", "-c", "password_encryption=scram-sha-256")
	if err != nil {
		return fmt.Errorf("make the database's role: %w", err)
	}
	if err := writeWhole(filepath.Join(cluster, "pg_hba.conf"), accessRules, s.run.give); err != nil {
		return fmt.Errorf("write who may connect: %w", err)
	}
	if known {
		return nil
	}
	give := func(file *os.File) error { return s.run.giveToOwnerOf(s.layout.dataDir, file) }
	if err := writeWhole(s.layout.passFile(), passPrefix+password+"\n", give); err != nil {
		return fmt.Errorf("write the database's password: %w; %s", err, wayOut)
	}
	return nil
}

func hasAccessRules(cluster string) bool {
	content, err := os.ReadFile(filepath.Join(cluster, "pg_hba.conf"))
	return err == nil && bytes.HasPrefix(content, []byte(accessHeader))
}

// readPassword returns the password of a file that writeWhole wrote; it reports false where there is none to read.
func readPassword(path string) (string, bool) {
	content, err := os.ReadFile(path)
	if err != nil {
		return "", false
	}
	password, ok := strings.CutPrefix(strings.TrimSpace(string(content)), passPrefix)
	outside := func(r rune) bool { return (r < 'A' || r > 'Z') && (r < '0' || r > '9') }
	return password, ok && password != "" && strings.IndexFunc(password, outside) < 0
}

// writeWhole writes a file that only its owner can read, whole or not at all. give hands it to its owner.
func writeWhole(path, content string, give func(*os.File) error) error {
	next := path + ".new"
	if err := os.Remove(next); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	file, err := os.OpenFile(next, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = file.WriteString(content)
	if err := errors.Join(err, give(file), file.Sync(), file.Close()); err != nil {
		return err
	}
	if err := os.Rename(next, path); err != nil {
		return err
	}
	return syncDir(filepath.Dir(path))
}
