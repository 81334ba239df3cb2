"""The WSGI entry point: `flask --app wsgi ...` and every production server start here."""

from crm.app import create_app

app = create_app()
