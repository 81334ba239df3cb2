"""The ground floor: database, time, errors, web safety and formats. It knows no room."""
