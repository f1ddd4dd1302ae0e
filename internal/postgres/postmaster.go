package postgres

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
)

// postmaster is what a server's lock file (postmaster.pid) says. Lines: process id, cluster, start, port, socket
// directory, address, shared memory, status.
type postmaster struct {
	pid   int
	ready bool
}

func readPostmaster(cluster string) (postmaster, bool) {
	content, err := os.ReadFile(pidFile(cluster))
	if err != nil {
		return postmaster{}, false
	}
	lines := strings.Split(string(content), "\n")
	pid, err := strconv.Atoi(strings.TrimSpace(lines[0]))
	if err != nil || pid <= 1 {
		return postmaster{}, false
	}
	ready := len(lines) >= 8 && strings.TrimSpace(lines[7]) == "ready"
	return postmaster{pid: pid, ready: ready}, true
}

func pidFile(cluster string) string { return filepath.Join(cluster, "postmaster.pid") }

// serves reports whether process pid is a server on cluster, and not one that got the number of a server long gone.
// Where the system does not tell, a living process is taken for a server: the worst is an error at start.
func serves(pid int, cluster string) bool {
	if !alive(pid) {
		return false
	}
	if command, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/cmdline"); err == nil {
		return commandServes(bytes.ReplaceAll(command, []byte{0}, []byte{' '}), pid, cluster)
	}
	command, err := exec.Command("ps", "-o", "command=", "-p", strconv.Itoa(pid)).Output()
	if err != nil {
		return alive(pid)
	}
	return commandServes(command, pid, cluster)
}

// commandServes judges by the command line, and by the working directory for a server that was started with a
// relative path: a server works in its cluster.
func commandServes(command []byte, pid int, cluster string) bool {
	if bytes.Contains(command, []byte(cluster)) {
		return true
	}
	dir, err := os.Readlink("/proc/" + strconv.Itoa(pid) + "/cwd")
	return err == nil && dir == cluster
}

// clusterMajor returns the major version of the cluster, 0 where there is none.
func clusterMajor(cluster string) int {
	content, err := os.ReadFile(filepath.Join(cluster, "PG_VERSION"))
	if err != nil {
		return 0
	}
	major, err := strconv.Atoi(strings.TrimSpace(string(content)))
	if err != nil {
		return 0
	}
	return major
}
