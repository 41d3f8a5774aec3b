"""PostgreSQL: every table asks the connection's guards before a change, see `chengxin.store.narrowing`."""

from alembic import op

revision = "0008"
down_revision = "0007"

GUARD = """
CREATE FUNCTION chengxin_guard() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  guard text := 'pg_temp.chengxin_' || TG_TABLE_NAME || '_' || lower(TG_OP);
  said text;
BEGIN
  IF to_regproc('pg_temp.chengxin_narrowed') IS NOT NULL THEN
    IF to_regproc(guard) IS NULL THEN
      RAISE EXCEPTION '无权修改%中的这一行', TG_TABLE_NAME;
    ELSIF TG_OP = 'INSERT' THEN
      EXECUTE format('SELECT %s($1)', guard) INTO said USING NEW;
    ELSIF TG_OP = 'UPDATE' THEN
      EXECUTE format('SELECT %s($1, $2)', guard) INTO said USING OLD, NEW;
    ELSE
      EXECUTE format('SELECT %s($1)', guard) INTO said USING OLD;
    END IF;
    IF said IS NOT NULL THEN
      RAISE EXCEPTION '%', said;
    END IF;
  END IF;
  IF TG_OP = 'DELETE' THEN
    RETURN OLD;
  END IF;
  RETURN NEW;
END $$
"""
ASK = """
DO $$
DECLARE
  name text;
  asks text := 'EXECUTE FUNCTION chengxin_guard()';
BEGIN
  FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = current_schema() AND tablename <> 'alembic_version'
  LOOP
    EXECUTE format('CREATE TRIGGER chengxin_guard BEFORE INSERT OR UPDATE OR DELETE ON %I FOR EACH ROW ' || asks, name);
    EXECUTE format('CREATE TRIGGER chengxin_guard_all BEFORE TRUNCATE ON %I FOR EACH STATEMENT ' || asks, name);
  END LOOP;
END $$
"""


def upgrade() -> None:
    """Create the function and its triggers; SQLite has temporary triggers and needs none."""
    if op.get_context().dialect.name == "postgresql":
        op.execute(GUARD)
        op.execute(ASK)
