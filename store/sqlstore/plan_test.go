package sqlstore_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/eagate/eagate/internal/expect"
	"github.com/eagate/eagate/store/sqlstore"
)

// TestNothingScansTheTable looks at how the database executes each statement, when by its
// statistics all of the table's grants are due.
func TestNothingScansTheTable(t *testing.T) {
	explain := map[sqlstore.Dialect]string{sqlstore.SQLite: "EXPLAIN QUERY PLAN ", sqlstore.PostgreSQL: "EXPLAIN ", sqlstore.MariaDB: "EXPLAIN FORMAT=JSON "}
	// In the statements, d is the table or, below, a subquery.
	scan := regexp.MustCompile(`SCAN (d|eagate_documents)\b|Seq Scan|"table_name": "(d|eagate_documents)",\s+"access_type": "(ALL|index)"`)
	subquery := regexp.MustCompile(`(CO-ROUTINE|MATERIALIZE) d\b`)
	onEach(t, func(t *testing.T, d database) {
		db := d.open(t)
		s := open(t, db, d.dialect)
		for _, kind := range []string{"account", "grant"} {
			due := map[string]string{"account": "NULL", "grant": "i"}[kind]
			execute(t, db, "INSERT INTO eagate_documents (kind, id, version, due, body) WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000) "+
				"SELECT '"+kind+"', CAST(i AS CHAR(20)), 1, "+due+", '"+strings.Repeat("x", 1000)+"' FROM n")
		}
		execute(t, db, map[bool]string{true: "ANALYZE TABLE eagate_documents", false: "ANALYZE"}[d.dialect == sqlstore.MariaDB])
		for name, query := range s.Statements() {
			args := map[string][]any{
				"Get": {"grant", "7"}, "Get of 4": {"grant", "7", "8", "9", "10"}, "update": {5, "{}", "grant", "7", 1}, "Delete": {"grant", "7", 1},
				"Due": {"grant", 5000, 20}, "DeleteDue": {"grant", 5000, 20}, "List": {"grant", "7", 20},
			}[name]
			rows := expect.Try(db.Query(explain[d.dialect]+query, args...)).OrFail(t, name)
			columns, _ := rows.Columns()
			var plan strings.Builder
			for rows.Next() {
				var last string
				into := make([]any, len(columns))
				for i := range into {
					into[i] = new(any)
				}
				into[len(into)-1] = &last
				expect.NoError(t, rows.Scan(into...))
				plan.WriteString(last + "\n")
			}
			rows.Close()
			text := plan.String()
			if found := scan.FindString(text); found != "" && !(found == "SCAN d" && subquery.MatchString(text)) {
				t.Errorf("%s scans the table:\n%s", name, text)
			}
		}
	})
}
