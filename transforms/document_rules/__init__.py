"""Rules on one text: is it worth a paid call?"""
