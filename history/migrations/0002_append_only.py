from django.db import migrations

PROTECT = """
CREATE FUNCTION history_event_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND OLD.seq IS NULL AND NEW.seq IS NOT NULL
       AND to_jsonb(OLD) - 'seq' = to_jsonb(NEW) - 'seq' THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'history is append-only' USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE TRIGGER history_event_append_only BEFORE UPDATE OR DELETE ON history_event
    FOR EACH ROW EXECUTE FUNCTION history_event_append_only();
"""

UNPROTECT = """
DROP TRIGGER history_event_append_only ON history_event;
DROP FUNCTION history_event_append_only();
"""


class Migration(migrations.Migration):
    dependencies = [("history", "0001_initial")]
    operations = [migrations.RunSQL(PROTECT, UNPROTECT)]
