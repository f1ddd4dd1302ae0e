package projects

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/costkey/costkey-otel/storage/internal/calls"
	"github.com/costkey/costkey-otel/storage/internal/database"
)

var (
	// ErrNoProject says that there is no such project.
	ErrNoProject = errors.New("no such project")
	// ErrProjectExists says that the slug is taken.
	ErrProjectExists = errors.New("the project exists already")
)

// Settings are a project and its settings.
type Settings struct {
	Slug string // see calls.ValidProject
	Name string
	// RetentionDays is how long its calls are kept, 1 to 400.
	RetentionDays int
	// CaptureBody allows prompts and answers to be stored, where the exporter allows it too.
	CaptureBody bool
	// DefaultTags are put on each call that has not that key. At most 32.
	DefaultTags map[string]string
	CreatedAt   time.Time
}

// Change says what of a project's settings shall change; what is nil or empty stays.
type Change struct {
	Name          *string
	RetentionDays *int
	CaptureBody   *bool
	SetTags       map[string]string
	RemoveTags    []string
}

// Validate reports everything in which the change is not as [Settings] says.
func (c *Change) Validate() error {
	err := checkTags(c.SetTags)
	if c.RetentionDays != nil {
		err = errors.Join(checkRetention(*c.RetentionDays), err)
	}
	return err
}

const (
	// maxRetentionDays bounds the number of partitions: with 400 days of them PostgreSQL plans a query in some 50 ms.
	maxRetentionDays     = 400
	defaultRetentionDays = 90
	maxDefaultTags       = 32
	maxTagValue          = 256
)

var tagKey = regexp.MustCompile(`^[A-Za-z0-9_.-]{1,64}$`)

// Create makes a project. RetentionDays 0 means 90; an empty name is the slug.
func (p *Projects) Create(ctx context.Context, s Settings) error {
	if s.RetentionDays == 0 {
		s.RetentionDays = defaultRetentionDays
	}
	if s.Name == "" {
		s.Name = s.Slug
	}
	if s.DefaultTags == nil {
		s.DefaultTags = map[string]string{}
	}
	if err := s.Validate(); err != nil {
		return err
	}
	tag, err := p.db.Pool().Exec(ctx, query("create_project"), s.Slug, s.Name, s.RetentionDays, s.CaptureBody, s.DefaultTags)
	if err != nil {
		return database.Describe("make a project", err)
	}
	if tag.RowsAffected() == 0 {
		return fmt.Errorf("make project %q: %w", s.Slug, ErrProjectExists)
	}
	return nil
}

// Validate reports everything in which the settings are not as [Settings] says.
func (s *Settings) Validate() error {
	var errs []error
	if !calls.ValidProject(s.Slug) {
		errs = append(errs, fmt.Errorf("a project must be 1 to 63 of a-z, 0-9, '.', '_', '-', and begin with a letter or digit, found %q", s.Slug))
	}
	return errors.Join(append(errs, checkRetention(s.RetentionDays), checkTags(s.DefaultTags))...)
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

// Set changes settings of a project. [ErrNoProject] where there is none. Collectors follow within 5 seconds, and
// delete what a shorter retention ends with the next round of maintenance.
func (p *Projects) Set(ctx context.Context, slug string, change Change) error {
	if err := change.Validate(); err != nil {
		return err
	}
	tag, err := p.db.Pool().Exec(ctx, query("set_project"), slug, change.Name, change.RetentionDays, change.CaptureBody,
		change.SetTags, change.RemoveTags)
	if err != nil {
		return database.Describe("change a project", err)
	}
	if tag.RowsAffected() == 0 {
		return fmt.Errorf("change project %q: %w", slug, ErrNoProject)
	}
	return nil
}

// List returns all projects by slug.
func (p *Projects) List(ctx context.Context) ([]Settings, error) {
	rows, err := p.db.Pool().Query(ctx, query("list_projects"))
	if err != nil {
		return nil, database.Describe("list projects", err)
	}
	projects, err := pgx.CollectRows(rows, scanProject)
	if err != nil {
		return nil, database.Describe("list projects", err)
	}
	return projects, nil
}

func scanProject(row pgx.CollectableRow) (Settings, error) {
	var p Settings
	var tags []byte
	if err := row.Scan(&p.Slug, &p.Name, &p.RetentionDays, &p.CaptureBody, &tags, &p.CreatedAt); err != nil {
		return p, err
	}
	if err := json.Unmarshal(tags, &p.DefaultTags); err != nil {
		return p, fmt.Errorf("read the default tags of project %q: %w", p.Slug, err)
	}
	return p, nil
}
