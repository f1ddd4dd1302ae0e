// Package projects keeps the projects and their settings, and knows those of the last seconds from memory.
package projects
