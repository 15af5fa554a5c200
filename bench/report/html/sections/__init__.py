"""The sections of a page, a file each: from records to tables, pictures and texts, without markup."""
