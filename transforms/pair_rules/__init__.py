"""Rules on a question and its answer: is it checkable, does it stand alone, does it leak?"""
