"""Accounts: who may sign in, what each role may do, and which territories a person looks after."""
