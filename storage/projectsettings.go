package storage

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"time"

	"github.com/jackc/pgx/v5"
)

var (
	// ErrNoProject says that there is no such project.
	ErrNoProject = errors.New("no such project")
	// ErrProjectExists says that the slug is taken.
	ErrProjectExists = errors.New("the project exists already")
)

// Project is a project and its settings.
type Project struct {
	Slug string // [ValidProject]
	Name string
	// RetentionDays is how long its calls are kept, 1 to 3650.
	RetentionDays int
	// CaptureBody allows prompts and answers to be stored, where the exporter allows it too.
	CaptureBody bool
	// DefaultTags are put on each call that has not that key. At most 32.
	DefaultTags map[string]string
	CreatedAt   time.Time
}

// ProjectChange says what of a project's settings shall change; what is nil or empty stays.
type ProjectChange struct {
	Name          *string
	RetentionDays *int
	CaptureBody   *bool
	SetTags       map[string]string
	RemoveTags    []string
}

// Validate reports everything in which the change is not as [Project] says.
func (c *ProjectChange) Validate() error {
	err := checkTags(c.SetTags)
	if c.RetentionDays != nil {
		err = errors.Join(checkRetention(*c.RetentionDays), err)
	}
	return err
}

const (
	maxRetentionDays = 3650
	maxDefaultTags   = 32
	maxTagValue      = 256
)

var tagKey = regexp.MustCompile(`^[A-Za-z0-9_.-]{1,64}$`)

// CreateProject makes a project. RetentionDays 0 means [DefaultRetention]; an empty name is the slug.
func (s *Store) CreateProject(ctx context.Context, p Project) error {
	if p.RetentionDays == 0 {
		p.RetentionDays = int(DefaultRetention / (24 * time.Hour))
	}
	if p.Name == "" {
		p.Name = p.Slug
	}
	if p.DefaultTags == nil {
		p.DefaultTags = map[string]string{}
	}
	if err := p.Validate(); err != nil {
		return err
	}
	tag, err := s.pool.Exec(ctx, query("create_project"), p.Slug, p.Name, p.RetentionDays, p.CaptureBody, p.DefaultTags)
	if err != nil {
		return describe("make a project", err)
	}
	if tag.RowsAffected() == 0 {
		return fmt.Errorf("make project %q: %w", p.Slug, ErrProjectExists)
	}
	return nil
}

// Validate reports everything in which the settings are not as [Project] says.
func (p *Project) Validate() error {
	var errs []error
	if !ValidProject(p.Slug) {
		errs = append(errs, fmt.Errorf("a project must be 1 to 63 of a-z, 0-9, '.', '_', '-', and begin with a letter or digit, found %q", p.Slug))
	}
	return errors.Join(append(errs, checkRetention(p.RetentionDays), checkTags(p.DefaultTags))...)
}

func checkRetention(days int) error {
	if days < 1 || days > maxRetentionDays {
		return fmt.Errorf("retention must be 1 to %d days, found %d", maxRetentionDays, days)
	}
	return nil
}

func checkTags(tags map[string]string) error {
	if len(tags) > maxDefaultTags {
		return fmt.Errorf("a project may have %d default tags, found %d", maxDefaultTags, len(tags))
	}
	for key, value := range tags {
		if !tagKey.MatchString(key) {
			return fmt.Errorf("a tag's key must be 1 to 64 of A-Z, a-z, 0-9, '_', '.', '-', found %q", key)
		}
		if len(value) > maxTagValue {
			return fmt.Errorf("the value of tag %q must be at most %d bytes", key, maxTagValue)
		}
	}
	return nil
}

// SetProject changes settings of a project. [ErrNoProject] where there is none. Collectors follow within 5 seconds, and
// drop what a shorter retention ends with their next round of upkeep.
func (s *Store) SetProject(ctx context.Context, slug string, change ProjectChange) error {
	if err := change.Validate(); err != nil {
		return err
	}
	tag, err := s.pool.Exec(ctx, query("set_project"), slug, change.Name, change.RetentionDays, change.CaptureBody,
		change.SetTags, change.RemoveTags)
	if err != nil {
		return describe("change a project", err)
	}
	if tag.RowsAffected() == 0 {
		return fmt.Errorf("change project %q: %w", slug, ErrNoProject)
	}
	return nil
}

// Projects lists all projects by slug.
func (s *Store) Projects(ctx context.Context) ([]Project, error) {
	rows, err := s.pool.Query(ctx, query("list_projects"))
	if err != nil {
		return nil, describe("list projects", err)
	}
	projects, err := pgx.CollectRows(rows, scanProject)
	if err != nil {
		return nil, describe("list projects", err)
	}
	return projects, nil
}

func scanProject(row pgx.CollectableRow) (Project, error) {
	var p Project
	var tags []byte
	if err := row.Scan(&p.Slug, &p.Name, &p.RetentionDays, &p.CaptureBody, &tags, &p.CreatedAt); err != nil {
		return p, err
	}
	if err := json.Unmarshal(tags, &p.DefaultTags); err != nil {
		return p, fmt.Errorf("read the default tags of project %q: %w", p.Slug, err)
	}
	return p, nil
}
