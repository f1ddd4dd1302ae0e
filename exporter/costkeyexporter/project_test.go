package costkeyexporter

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/client"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/exporter/exporterhelper"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.uber.org/zap"

	"github.com/costkey/costkey-otel/genaispan"
	"github.com/costkey/costkey-otel/storage"
)

// Projects lets project default store bodies.
func (*fakeStore) Projects(context.Context) ([]storage.Project, error) {
	return []storage.Project{{Slug: "default", CaptureBody: true}}, nil
}

// settingsStore is a store with projects of a test's own.
type settingsStore struct {
	fakeStore
	projects []storage.Project
	err      error
	asked    int
	failures int // how many answers are err; 0 is all of them
}

func (s *settingsStore) Projects(context.Context) ([]storage.Project, error) {
	s.asked++
	if s.err != nil && (s.failures == 0 || s.asked <= s.failures) {
		return nil, s.err
	}
	return s.projects, nil
}

func withKeyOf(t *testing.T, project string) context.Context {
	t.Helper()
	return client.NewContext(t.Context(), client.Info{Auth: auth{"costkey.project": project}})
}

func naming(td ptrace.Traces, project string) ptrace.Traces {
	for _, rs := range td.ResourceSpans().All() {
		rs.Resource().Attributes().PutStr("costkey.project", project)
	}
	return td
}

func guarded(c *Config) { c.Authenticated = authenticatedTrue }

func TestWhereKeysAreNeededDataWithoutOneIsRefused(t *testing.T) {
	t.Parallel()
	for name, td := range map[string]ptrace.Traces{"no claim": spans(3), "a claim": naming(spans(3), "shop")} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			store := new(fakeStore)
			e, tel := newTest(t, store, guarded)
			err := e.ConsumeTraces(t.Context(), td) // as it comes through a batch processor
			require.ErrorIs(t, err, errNoProject)
			assert.True(t, consumererror.IsPermanent(err))
			assert.Empty(t, store.written(), "nothing is filed under default")
			assert.EqualValues(t, 3, counter(t, tel, "costkey.exporter.dropped", "no_project"))
		})
	}
}

func TestATrustedAttributeTakesThePlaceOfAKey(t *testing.T) {
	t.Parallel()
	store := new(fakeStore)
	e, _ := newTest(t, store, func(c *Config) { guarded(c); c.TrustProjectAttribute = true })
	require.NoError(t, e.ConsumeTraces(t.Context(), naming(spans(1), "shop")))
	assert.Equal(t, "shop", store.written()[0].Project)
	require.ErrorIs(t, e.ConsumeTraces(t.Context(), spans(1)), errNoProject, "what names none is still refused")
	require.NoError(t, e.ConsumeTraces(withKeyOf(t, "team-a"), naming(spans(1), "shop")))
	assert.Equal(t, "team-a", store.written()[1].Project, "a key counts more")
}

func TestAForgedProjectIsIgnoredAndCounted(t *testing.T) {
	t.Parallel()
	store := new(fakeStore)
	e, tel := newTest(t, store, guarded)
	require.NoError(t, e.ConsumeTraces(withKeyOf(t, "team-a"), naming(spans(3), "team-b")))
	require.NoError(t, e.ConsumeTraces(withKeyOf(t, "team-a"), naming(spans(3), "team-a")))
	for _, c := range store.written() {
		assert.Equal(t, "team-a", c.Project)
	}
	assert.EqualValues(t, 3, counter(t, tel, "costkey.exporter.project_ignored", ""))
}

func TestTwoKeysInOneMergedBatchKeepTheirProjects(t *testing.T) {
	t.Parallel()
	store := new(fakeStore)
	e, _ := newTest(t, store, func(c *Config) {
		guarded(c)
		queue := exporterhelper.NewDefaultQueueConfig()
		queue.Sizer = exporterhelper.RequestSizerTypeItems
		queue.WaitForResult = true
		queue.Batch = configoptional.Some(exporterhelper.BatchConfig{
			FlushTimeout: time.Minute, Sizer: exporterhelper.RequestSizerTypeItems, MinSize: 6,
		})
		c.Queue = configoptional.Some(queue)
	})
	sent := make(chan error, 2)
	for _, project := range []string{"team-a", "team-b"} {
		ctx := withKeyOf(t, project)
		go func() { sent <- e.ConsumeTraces(ctx, spans(3)) }()
	}
	require.NoError(t, <-sent) // the batch is written once both are in it
	require.NoError(t, <-sent)
	byProject := map[string]int{}
	for _, c := range store.written() {
		byProject[c.Project]++
	}
	assert.Equal(t, map[string]int{"team-a": 3, "team-b": 3}, byProject)
}

func TestAProjectSurvivesTheQueuesFile(t *testing.T) {
	t.Parallel()
	e, _ := newTest(t, new(fakeStore), guarded)
	r, err := e.read(withKeyOf(t, "team-a"), spans(1))
	require.NoError(t, err)
	file, err := encoding{}.Marshal(withKeyOf(t, "team-a"), newRequest(r.calls))
	require.NoError(t, err)
	ctx, back, err := encoding{}.Unmarshal(file)
	require.NoError(t, err)
	assert.Nil(t, client.FromContext(ctx).Auth, "who sent it is not written down")
	assert.Equal(t, "team-a", callsOf(t, back)[0].Project)
}

func TestAutoNeedsKeysWhereCostkeyAuthRuns(t *testing.T) {
	t.Parallel()
	with := extensions{component.MustNewIDWithName("costkey_auth", "x"): nil}
	for _, c := range []struct {
		mode string
		host component.Host
		want bool
	}{
		{authenticatedAuto, componenttest.NewNopHost(), false},
		{authenticatedAuto, with, true},
		{authenticatedFalse, with, false},
		{authenticatedTrue, componenttest.NewNopHost(), true},
	} {
		assert.Equal(t, c.want, needsKey(c.mode, c.host), c.mode)
	}
}

type extensions map[component.ID]component.Component

func (e extensions) GetExtensions() map[component.ID]component.Component { return e }

func TestBodiesOfAProjectThatHasThemOffGoNoFurther(t *testing.T) {
	t.Parallel()
	const secret = "please summarise my medical record"
	td := spans(1)
	span := td.ResourceSpans().At(0).ScopeSpans().At(0).Spans().At(0)
	span.Attributes().PutStr("gen_ai.input.messages", `[{"role":"user","parts":[{"type":"text","content":"`+secret+`"}]}]`)
	for name, c := range map[string]struct {
		project storage.Project
		err     error
		want    bool
	}{
		"on":                            {project: storage.Project{Slug: "default", CaptureBody: true}, want: true},
		"off":                           {project: storage.Project{Slug: "default"}},
		"another project's":             {project: storage.Project{Slug: "shop", CaptureBody: true}},
		"the database is away at first": {project: storage.Project{Slug: "default", CaptureBody: true}, err: errors.New("connection refused")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			store := &settingsStore{projects: []storage.Project{c.project}, err: c.err, failures: 1}
			e, _ := newTest(t, store, func(c *Config) { c.CaptureBody = true })
			require.NoError(t, e.ConsumeTraces(t.Context(), td))
			if body := store.written()[0].RequestBody; c.want {
				assert.Contains(t, body, secret)
			} else {
				assert.Empty(t, body)
			}
		})
	}
}

func TestDefaultTagsFillWhatACallHasNot(t *testing.T) {
	t.Parallel()
	store := &settingsStore{projects: []storage.Project{{Slug: "default", DefaultTags: map[string]string{"team": "checkout", "a": `say "hi"`}}}}
	e, _ := newTest(t, store, nil)
	td := spans(1)
	td.ResourceSpans().At(0).ScopeSpans().At(0).Spans().At(0).Attributes().PutStr("costkey.tag.team", "search")
	require.NoError(t, e.ConsumeTraces(t.Context(), td))
	tags := store.written()[0].Tags
	assert.Contains(t, tags, storage.Tag{Key: "team", Value: `"search"`}, "the call's own tag stays")
	assert.Equal(t, storage.Tag{Key: "a", Value: `"say \"hi\""`}, tags[0], "in the order of keys")
}

func TestNothingIsWrittenBeforeItsProjectsDefaultTagsAreKnown(t *testing.T) {
	t.Parallel()
	store := &settingsStore{
		projects: []storage.Project{{Slug: "default", DefaultTags: map[string]string{"team": "checkout"}}},
		err:      errors.New("connection refused"), failures: 2,
	}
	e, _ := newTest(t, store, func(c *Config) { c.Retry.Enabled = false })
	req := newRequest([]genaispan.Call{{Project: "default", SpanID: [8]byte{1}}})
	require.ErrorIs(t, e.push(t.Context(), req), store.err)
	assert.Empty(t, store.written())
	require.NoError(t, e.push(t.Context(), req))
	assert.Equal(t, []storage.Tag{{Key: "team", Value: `"checkout"`}}, store.written()[0].Tags)
}

func TestSettingsAreReadAgainWithinFiveSecondsAndKeptWhileTheDatabaseIsAway(t *testing.T) {
	t.Parallel()
	now := time.Now()
	store := &settingsStore{projects: []storage.Project{{Slug: "shop", CaptureBody: true}}}
	p := projectSettings{logger: zap.NewNop(), now: func() time.Time { return now }, source: store}
	assert.True(t, p.current(t.Context()).bodies["shop"])
	store.projects = nil
	assert.True(t, p.current(t.Context()).bodies["shop"], "one reading serves for a while")
	assert.Equal(t, 1, store.asked)
	now = now.Add(5 * time.Second)
	store.err = errors.New("connection refused")
	assert.True(t, p.current(t.Context()).bodies["shop"])
	now = now.Add(5 * time.Second)
	store.err = nil
	assert.False(t, p.current(t.Context()).bodies["shop"])
}
