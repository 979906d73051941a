"""Lifelike synthetic people: the built-in body in MakeHuman's clothes, shoes and hair, under light of real rooms and skies."""
