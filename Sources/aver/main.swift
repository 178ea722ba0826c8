print("aver")
