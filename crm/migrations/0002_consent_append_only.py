from django.db import migrations

PROTECT = """
CREATE FUNCTION crm_consent_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'consents are append-only' USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE TRIGGER crm_consent_append_only BEFORE UPDATE OR DELETE ON crm_consent
    FOR EACH ROW EXECUTE FUNCTION crm_consent_append_only();
"""

UNPROTECT = """
DROP TRIGGER crm_consent_append_only ON crm_consent;
DROP FUNCTION crm_consent_append_only();
"""


class Migration(migrations.Migration):
    dependencies = [("crm", "0001_initial")]
    operations = [migrations.RunSQL(PROTECT, UNPROTECT)]
