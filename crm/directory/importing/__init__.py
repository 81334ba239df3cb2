"""Public provider files of CMS (NPPES, Doctors & Clinicians): read, understood, checked, brought into the directory."""
